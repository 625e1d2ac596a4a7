// Xvrrp keeps virtual addresses alive on Linux hosts: VRRP, filtered and dated by XDP.
package main

import (
	"context"
	"os"
)

func main() {
	os.Exit(run(context.Background(), processEnv()))
}
