package picture

import (
	"bytes"
	"fmt"
	"image/png"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"golang.org/x/image/font"

	"godwit/internal/fault"
)

func TestQR(t *testing.T) {
	code, err := QR("https://godwit.test/@x/alice_x")
	if err != nil {
		t.Fatal(err)
	}
	picture, err := png.Decode(bytes.NewReader(code.PNG()))
	if err != nil {
		t.Fatal(err)
	}
	side := code.code.Size + 2*quiet
	if got := picture.Bounds().Dx(); got != side*pngModule {
		t.Errorf("%d pixels wide, want %d", got, side*pngModule)
	}
	svg := string(code.SVG())
	if !strings.HasPrefix(svg, fmt.Sprintf(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d"`, side, side)) || !strings.HasSuffix(svg, `"/></svg>`) {
		t.Errorf("%.120s", svg)
	}
	// The two pictures agree on every module.
	black := map[[2]int]bool{}
	for _, run := range strings.Split(svg[strings.LastIndex(svg, `d="`)+3:strings.LastIndex(svg, `"/>`)], "z") {
		var x, y, n, back int
		if _, err := fmt.Sscanf(run, "M%d %dh%dv1h-%d", &x, &y, &n, &back); err != nil || n != back {
			if run != "" {
				t.Fatalf("%q: %v", run, err)
			}
			continue
		}
		for i := range n {
			black[[2]int{x + i, y}] = true
		}
	}
	for y := range side {
		for x := range side {
			r, _, _, _ := picture.At(x*pngModule+3, y*pngModule+3).RGBA()
			if (r == 0) != black[[2]int{x, y}] {
				t.Fatalf("module %d, %d differs", x, y)
			}
		}
	}
	if _, err := QR(strings.Repeat("x", maxAddress+1)); !fault.Is(err, fault.Invalid) {
		t.Errorf("too long: %v", err)
	}
}

var cards = []Card{
	{"alice_x", "alice@shore.test", "https://godwit.test/@x/alice_x"},
	{"a", "a@b.test", "https://godwit.test/@x/a"},
	{"WWWWWWWWWWWWWWW", "somebody_with_a_long_name@a-long-server-name.example.social", "https://godwit.example.social/@x/WWWWWWWWWWWWWWW"},
	{"alice_x", strings.Repeat("m", 60) + "@" + strings.Repeat("w.", 20) + "test", "https://godwit.test/@x/alice_x"},
}

func TestCard(t *testing.T) {
	for i, c := range cards {
		drawn, err := c.draw()
		if err != nil {
			t.Fatal(err)
		}
		picture, err := png.Decode(bytes.NewReader(drawn))
		if err != nil || picture.Bounds().Dx() != Width || picture.Bounds().Dy() != Height {
			t.Fatalf("%v %v", err, picture.Bounds())
		}
		if len(drawn) > 150<<10 {
			t.Errorf("%s: %d bytes", c.Handle, len(drawn))
		}
		if dir := os.Getenv("GODWIT_SHOTS"); dir != "" {
			if err := os.WriteFile(fmt.Sprintf("%s/card-%d.png", dir, i), drawn, 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
	long := Card{"alice_x", strings.Repeat("m", 128) + "@" + strings.Repeat("m.", 120) + "test", "https://godwit.test/"}
	if _, err := long.draw(); !fault.Is(err, fault.Invalid) {
		t.Errorf("a handle nobody could read: %v", err)
	}
}

// No line is wider than it may be, and nothing of the name is lost.
func TestBroken(t *testing.T) {
	for _, c := range cards {
		for _, width := range []int{200, 560, 1056} {
			lines, face, fits := fitted(bold, "@"+c.Handle, width, maxLines)
			if !fits {
				continue
			}
			if strings.Join(lines, "") != "@"+c.Handle {
				t.Errorf("%q", lines)
			}
			for _, line := range lines {
				if wide := font.MeasureString(face, line).Ceil(); wide > width+1 {
					t.Errorf("%q is %d wide, not %d", line, wide, width)
				}
			}
		}
	}
}

// WEB-11: a thousand at once never draw more than one, the others are told to
// wait, and no more than so many pictures are kept.
func TestWEB11OneAtATime(t *testing.T) {
	d := NewDrawer()
	var drawn, told atomic.Int64
	var group sync.WaitGroup
	for i := range 1000 {
		group.Go(func() {
			_, err := d.Draw(Card{fmt.Sprint(i), "alice@shore.test", "https://godwit.test/"})
			switch {
			case err == nil:
				drawn.Add(1)
			case fault.Is(err, fault.Wait):
				told.Add(1)
			default:
				t.Error(err)
			}
		})
	}
	group.Wait()
	if drawn.Load() == 0 || told.Load() == 0 || drawn.Load()+told.Load() != 1000 {
		t.Errorf("%d drawn, %d told to wait", drawn.Load(), told.Load())
	}
	for i := range kept + 10 {
		d.keep(Card{Username: fmt.Sprint("more", i)}, []byte{1})
	}
	if len(d.cards) != kept || len(d.order) != kept {
		t.Errorf("%d kept", len(d.cards))
	}
	if again, err := d.Draw(Card{Username: fmt.Sprint("more", kept)}); err != nil || len(again) != 1 {
		t.Errorf("a kept one was drawn anew: %v", err)
	}
}

func BenchmarkCard(b *testing.B) {
	for b.Loop() {
		if _, err := cards[2].draw(); err != nil {
			b.Fatal(err)
		}
	}
}
