// Package steady disturbs a daemon in every way that is not the network's and listens to its adverts meanwhile: they
// stay on time whatever else happens. What counts is in the captures, by the kernel's stamps, and in terms of the
// protocol: no advert is left out, and no backup would have taken over.
package steady

import (
	"testing"

	"github.com/xvrrp/xvrrp/test/bed"
)

func TestMain(m *testing.M) { bed.Main(m, 1) }
