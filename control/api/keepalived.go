package api

import "github.com/xvrrp/xvrrp/loader/verdict"

// KeepalivedStats counts as keepalived does, under the names of its JSON, in the order of its files.
type KeepalivedStats struct {
	Received       uint64 `json:"advert_rcvd"`
	Sent           uint64 `json:"advert_sent"`
	BecameMaster   uint64 `json:"become_master"`
	ReleasedMaster uint64 `json:"release_master"`
	Length         uint64 `json:"packet_len_err"`
	Interval       uint64 `json:"advert_interval_err"`
	TTL            uint64 `json:"ip_ttl_err"`
	Type           uint64 `json:"invalid_type_rcvd"`
	AddressList    uint64 `json:"addr_list_err"`
	AuthInvalid    uint64 `json:"invalid_authtype"` // a type nobody knows; here it is a mismatch
	AuthMismatch   uint64 `json:"authtype_mismatch"`
	AuthFailure    uint64 `json:"auth_failure"`
	*KeepalivedTrailers
	ZeroReceived uint64 `json:"pri_zero_rcvd"`
	ZeroSent     uint64 `json:"pri_zero_sent"`
}

// KeepalivedTrailers counts what came of auth_hmac (keepalived 2.4). Routers without it have no such counters, as in
// the versions before.
type KeepalivedTrailers struct {
	Missing   uint64 `json:"auth_ext_missing"`
	Malformed uint64 `json:"auth_ext_malformed"`
	Key       uint64 `json:"auth_ext_unknown_key"`
	Invalid   uint64 `json:"auth_ext_invalid_hmac"`
	Stale     uint64 `json:"auth_ext_stale"`
	Replay    uint64 `json:"auth_ext_replay"`
}

// Keepalived sorts what the filter counts by verdict into keepalived's counters, those of auth_hmac only if the router has it.
func (s Stats) Keepalived(hmac bool) KeepalivedStats {
	of := func(verdicts ...verdict.Verdict) (n uint64) {
		for _, v := range verdicts {
			n += s.Verdicts[v.String()]
		}
		return n
	}
	out := KeepalivedStats{
		Received: s.Received, Sent: s.Sent, BecameMaster: s.BecameMaster, ReleasedMaster: s.LeftMaster,
		Length: of(verdict.BadLength, verdict.Malformed), Interval: of(verdict.BadInterval), TTL: of(verdict.BadTTL),
		Type: of(verdict.BadType), AddressList: of(verdict.AddrList, verdict.Conflict, verdict.NoAddresses),
		AuthMismatch: of(verdict.AuthType), AuthFailure: of(verdict.AuthData),
		ZeroReceived: s.ZeroReceived, ZeroSent: s.ZeroSent,
	}
	if hmac {
		out.KeepalivedTrailers = &KeepalivedTrailers{
			Missing: of(verdict.HMACMissing), Malformed: of(verdict.HMACMalformed), Key: of(verdict.HMACKey),
			Invalid: of(verdict.HMACInvalid), Stale: of(verdict.HMACStale), Replay: of(verdict.HMACReplay),
		}
	}
	return out
}
