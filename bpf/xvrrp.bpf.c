/* SPDX-License-Identifier: (MIT OR GPL-2.0-only) */
/*
 * The entry points of the filter: each makes a frame of what its hook gives it, has it judged and turns the
 * answer into its hook's.
 */
#include "judge.h"

char xv_license[] SEC("license") = "Dual MIT/GPL";

static inlined struct frame frame_from_xdp(struct xdp_md *ctx)
{
	struct frame f = {
		.start = (void *)(long)ctx->data,
		.end = (void *)(long)ctx->data_end,
		.link = on_link ? on_link : ctx->ingress_ifindex,
	};

	return f;
}

SEC("xdp")
int xv_xdp(struct xdp_md *ctx)
{
	struct frame f = frame_from_xdp(ctx);

	return lets_pass(&f) ? XDP_PASS : XDP_DROP;
}

/* Reads the tag that the device keeps beside the frame: negative where there is none. */
extern int bpf_xdp_metadata_rx_vlan_tag(const struct xdp_md *ctx, __u16 *type, __u16 *tci) SEC(".ksyms");

/* For devices on which senders hide tags; wants a load for that very device, and kernel 6.8. */
SEC("xdp")
int xv_xdp_tag(struct xdp_md *ctx)
{
	struct frame f = frame_from_xdp(ctx);
	__u16 type = 0, tci = 0;

	if (!bpf_xdp_metadata_rx_vlan_tag(ctx, &type, &tci))
		add_tag(&f, type, tci);
	return lets_pass(&f) ? XDP_PASS : XDP_DROP;
}

static inlined struct frame frame_from_skb(struct __sk_buff *skb)
{
	struct frame f = {
		.start = (void *)(long)skb->data,
		.end = (void *)(long)skb->data_end,
		.link = skb->ifindex,
	};

	if (skb->vlan_present)
		add_tag(&f, skb->vlan_proto, skb->vlan_tci);
	return f;
}

/*
 * Adverts are short, but nothing promises that their bytes lie together, nor even that the first bytes hold the
 * IP header. Other traffic is left as it is: to gather it would cost time.
 */
static inlined bool is_scattered_advert(struct __sk_buff *skb)
{
	struct frame f = frame_from_skb(skb);
	__u64 together = f.end - f.start;

	if (together >= skb->len)
		return false;
	return find_ip(&f) ? is_vrrp(&f) : together <= OFFSET_MASK;
}

SEC("tc")
int xv_tc_in(struct __sk_buff *skb)
{
	if (unlikely(is_scattered_advert(skb)))
		skb_pull_data(skb, skb->len);

	struct frame f = frame_from_skb(skb);

	return lets_pass(&f) ? TC_UNSPEC : TC_SHOT;
}
