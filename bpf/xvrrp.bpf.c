/* SPDX-License-Identifier: (MIT OR GPL-2.0-only) */
/*
 * The entry points of the filter: each makes a frame of what its hook gives it, has it judged and turns the
 * answer into its hook's.
 */
#include "judge.h"

char xv_license[] SEC("license") = "Dual MIT/GPL";

static inlined void frame_from_xdp(struct frame *f, struct xdp_md *ctx)
{
	begin(f, (void *)(long)ctx->data, (void *)(long)ctx->data_end, on_link ? on_link : ctx->ingress_ifindex);
}

SEC("xdp")
int xv_xdp(struct xdp_md *ctx)
{
	struct frame f;

	frame_from_xdp(&f, ctx);
	return lets_pass(&f) ? XDP_PASS : XDP_DROP;
}

/* Reads the tag that the device keeps beside the frame: negative where there is none. */
extern int bpf_xdp_metadata_rx_vlan_tag(const struct xdp_md *ctx, __u16 *type, __u16 *tci) SEC(".ksyms");

/* For devices on which senders hide tags; wants a load for that very device, and kernel 6.8. */
SEC("xdp")
int xv_xdp_tag(struct xdp_md *ctx)
{
	struct frame f;
	__u16 type = 0, tci = 0;

	frame_from_xdp(&f, ctx);
	if (!bpf_xdp_metadata_rx_vlan_tag(ctx, &type, &tci))
		add_hidden_tag(&f, type, tci);
	return lets_pass(&f) ? XDP_PASS : XDP_DROP;
}

static inlined void frame_from_skb(struct frame *f, struct __sk_buff *skb)
{
	begin(f, (void *)(long)skb->data, (void *)(long)skb->data_end, skb->ifindex);
	if (skb->vlan_present)
		add_hidden_tag(f, skb->vlan_proto, skb->vlan_tci);
}

/*
 * Adverts are short, but nothing promises that their bytes lie together, nor even that the first bytes hold the
 * IP header. Other traffic is left as it is: to gather it would cost time.
 */
static inlined bool is_scattered_advert(struct __sk_buff *skb)
{
	struct frame f;
	__u64 together;

	frame_from_skb(&f, skb);
	together = f.end - f.start;
	if (together >= skb->len)
		return false;
	return find_ip(&f) ? is_vrrp(&f) : together <= OFFSET_MASK;
}

SEC("tc")
int xv_tc_in(struct __sk_buff *skb)
{
	if (unlikely(is_scattered_advert(skb)))
		skb_pull_data(skb, skb->len);

	struct frame f;

	frame_from_skb(&f, skb);
	return lets_pass(&f) ? TC_UNSPEC : TC_SHOT;
}
