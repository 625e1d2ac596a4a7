package loader

import "fmt"

// slots hands out indices below size, the longest unused first: whoever still reads of the last owner is done by then.
type slots struct {
	size, used uint32 // used: how many were handed out for the first time
	free       []uint32
}

func (s *slots) take() (uint32, error) {
	if s.used < s.size {
		s.used++
		return s.used - 1, nil
	}
	if len(s.free) == 0 {
		return 0, fmt.Errorf("%w: all %d are taken", ErrFull, s.size)
	}
	slot := s.free[0]
	s.free = s.free[1:]
	return slot, nil
}

func (s *slots) release(slot uint32) { s.free = append(s.free, slot) }
