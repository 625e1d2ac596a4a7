package api

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// studio is a gallery whose pictures are numbered and take a second each.
func studio() *gallery {
	drawn := 0
	return &gallery{draw: func(context.Context) ([]byte, error) {
		drawn++
		n := drawn
		time.Sleep(time.Second)
		return fmt.Append(nil, n), nil
	}}
}

// Who comes while a picture is being drawn gets the next, together with all others who do.
func TestGalleryShares(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := studio()
		var visits sync.WaitGroup
		seen := make(chan string, 100)
		for i := range 100 {
			visits.Go(func() {
				time.Sleep(time.Duration(i) * 10 * time.Millisecond)
				p, leave, err := g.visit(t.Context())
				if err != nil {
					t.Error(err)
					return
				}
				seen <- string(p.body)
				leave()
			})
		}
		visits.Wait()
		g.close()
		close(seen)
		count := map[string]int{}
		for s := range seen {
			count[s]++
		}
		if count["1"] != 1 || count["2"] != 99 || len(count) != 2 {
			t.Errorf("pictures were seen so often: %v", count)
		}
	})
}

func TestGalleryKeepsFewPictures(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := studio()
		var stays []*picture
		var leaves []func()
		for range mostHung {
			p, leave, err := g.visit(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			stays, leaves = append(stays, p), append(leaves, leave)
		}
		if err := stays[0].shown.Err(); err != nil {
			t.Fatalf("taken down although there is room: %v", err)
		}
		context.AfterFunc(stays[0].shown, leaves[0])
		p, leave, err := g.visit(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if string(p.body) != fmt.Sprint(mostHung+1) || stays[0].shown.Err() == nil || stays[1].shown.Err() != nil {
			t.Errorf("got picture %s; the oldest: %v, the next: %v", p.body, stays[0].shown.Err(), stays[1].shown.Err())
		}
		for _, leave := range append(leaves[1:], leave) {
			leave()
		}
		g.close()
		if len(g.hung) != 0 {
			t.Errorf("%d pictures are kept for nobody", len(g.hung))
		}
	})
}

func TestGalleryVisitorsWhoLeaveEarly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := studio()
		ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		if _, _, err := g.visit(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v", err)
		}
		g.close()
		if len(g.hung) != 0 || g.next != nil {
			t.Errorf("a picture is kept for nobody")
		}
		if p, leave, err := g.visit(t.Context()); err != nil || string(p.body) != "2" {
			t.Errorf("the next visitor got %v", err)
		} else {
			leave()
		}
		g.close()
	})
}

func TestGalleryTellsWhyThereIsNoPicture(t *testing.T) {
	want := errors.New("the loop is gone")
	g := &gallery{draw: func(context.Context) ([]byte, error) { return nil, want }}
	if _, _, err := g.visit(t.Context()); !errors.Is(err, want) {
		t.Errorf("got %v", err)
	}
	g.close()
	if len(g.hung) != 0 {
		t.Error("what failed is kept")
	}
}
