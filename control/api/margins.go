package api

// Margins tells how close a backup has come to a takeover that nobody wanted, by the gaps before the adverts that it took
// from the masters it followed.
type Margins struct {
	Adverts       uint64        `json:"adverts"`
	Classes       []MarginClass `json:"classes"`        // by bound, ascending
	NearFailovers uint64        `json:"near_failovers"` // adverts when less than one interval of the master was left
	LongestGap    float64       `json:"longest_gap_seconds"`
	LastGap       float64       `json:"last_gap_seconds"`
}

// MarginClass counts the adverts that left a larger share of the master-down interval than the class before allows, and
// no larger one than this one does.
type MarginClass struct {
	UpTo    float64 `json:"up_to,omitempty"` // absent in the last class, which has no bound
	Adverts uint64  `json:"adverts"`
}
