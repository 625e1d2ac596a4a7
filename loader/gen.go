package loader

// What this generates is committed, so that building needs no compiler for BPF. The compiler's release is fixed:
// another one makes other bytes.
//
//go:generate go tool bpf2go -cc clang-19 -strip llvm-strip-19 -target bpfel,bpfeb -type advert -type sniffed -type abi -type checksum_form -type list_rule -type router_flag -type trailer_rule xv ../bpf/xvrrp.bpf.c -- -I../bpf -mcpu=v3 -Wall -Wextra -Werror -Wno-sign-compare
