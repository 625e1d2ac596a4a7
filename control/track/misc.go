package track

import (
	"context"
	"errors"

	"github.com/xvrrp/xvrrp/control/script"
)

// MiscOptions say what a check by command does.
type MiscOptions struct {
	CheckOptions
	Command *script.Command
}

// Misc runs a command; exit status 0 is success.
func (s *Shared) Misc(o MiscOptions) Tracker {
	timeout := o.Timeout
	o.Timeout = 0 // left to the command's run, which ends the command
	return &check{CheckOptions: o.CheckOptions, log: s.log, probe: func(ctx context.Context) error {
		if r := o.Command.Run(ctx, timeout); !r.OK() {
			return errors.New(r.String())
		}
		return nil
	}}
}
