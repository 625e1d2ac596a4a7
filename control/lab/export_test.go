package lab

// Abandon lets go of the lab's name, as a process does that is killed.
func (l *Lab) Abandon() error { return l.lock.Close() }
