package encoded

import (
	"bytes"
	"encoding/base64"
	"errors"
	"math/rand/v2"
	"strings"
	"testing"
)

// Made with Python's zlib and base64, so that reader and writer can't be wrong alike.
const hello = "eJzLSM3JyVcoTyzOAAAVggPo"

func TestDecode(t *testing.T) {
	for text, want := range map[string]string{
		hello:                          "hello wash",
		hello[:8] + "\r\n" + hello[8:]: "hello wash",
		"eJwDAAAAAAE=":                 "",
		"eNpLTAQAASUAww==":             "aa", // compressed hardest, as the game does
		"eAEBAgD9/2FhASUAww==":         "aa", // not compressed
	} {
		if got, err := Decode(text, 100); err != nil || string(got) != want {
			t.Errorf("%s: %q, %v", text, got, err)
		}
	}
}

func TestDecodeRefuses(t *testing.T) {
	long := Encode(make([]byte, 101))
	if _, err := Decode(long, 100); !errors.Is(err, ErrTooLong) {
		t.Errorf("too long: %v", err)
	}
	if _, err := Decode(long, 101); err != nil {
		t.Errorf("just long enough: %v", err)
	}
	packed, err := base64.StdEncoding.DecodeString(hello)
	if err != nil {
		t.Fatal(err)
	}
	again := func(b []byte) string { return base64.StdEncoding.EncodeToString(b) }
	changed := func(at int) string {
		b := bytes.Clone(packed)
		b[at] ^= 1
		return again(b)
	}
	for _, test := range []struct{ name, text, want string }{
		{"empty", "", "there is no encoded text"},
		{"line breaks alone", "\r\n", "there is no encoded text"},
		{"no base64", "eJ*", "it is no base64: illegal base64 data at input byte 2"},
		{"base64 for addresses", strings.Replace(hello, "A", "_", 1), "it is no base64: illegal base64 data at input byte 16"},
		{"a blank within", hello[:8] + " " + hello[8:], "it is no base64: illegal base64 data at input byte 8"},
		{"not UTF-8", hello[:8] + "\xff" + hello[8:], "it is no base64: illegal base64 data at input byte 8"},
		{"padding in the middle", "eJw=" + hello, "it is no base64: illegal base64 data at input byte 4"},
		{"padding without need", hello + "=", "it is no base64: illegal base64 data at input byte 24"},
		{"too little padding", "eJwDAAAAAAE", "it is no base64: illegal base64 data at input byte 8"},
		{"words behind", hello + " hi", "it is no base64: illegal base64 data at input byte 24"},
		{"cut within four characters", hello[:13], "it is no base64: illegal base64 data at input byte 12"},
		{"cut within the zlib header", "eA==", "it can't be inflated: it ends too early"},
		{"cut behind the zlib header", again(packed[:2]), "it can't be inflated: it ends too early"},
		{"cut", hello[:12], "it can't be inflated: it ends too early"},
		{"cut before the checksum", again(packed[:len(packed)-4]), "it can't be inflated: it ends too early"},
		{"cut in the checksum", again(packed[:len(packed)-1]), "it can't be inflated: it ends too early"},
		{"no zlib", again([]byte("hello")), "it can't be inflated: zlib: invalid header"},
		{"gzip", again([]byte("\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03\x03\x00\x00\x00\x00\x00\x00\x00\x00\x00")), "it can't be inflated: zlib: invalid header"},
		{"deflate without zlib", again(packed[2:]), "it can't be inflated: zlib: invalid header"},
		{"a changed header", changed(1), "it can't be inflated: zlib: invalid header"},
		{"a changed block", changed(4), "it can't be inflated: zlib: invalid checksum"},
		{"a changed checksum", changed(len(packed) - 1), "it can't be inflated: zlib: invalid checksum"},
		{"a block of no known type", again([]byte("\x78\x9c\x07\x00")), "it can't be inflated: flate: corrupt input before offset 1"},
		{"a false length", again([]byte("\x78\x9c\x01\x05\x00\x00\x00hello")), "it can't be inflated: flate: corrupt input before offset 5"},
		{"a reference to before the beginning", again([]byte("\x78\x9c\x03\x02\x00")), "it can't be inflated: flate: corrupt input before offset 2"},
		{"a dictionary", again([]byte("\x78\xbb\x00\x00\x00\x02xx")), "it can't be inflated: zlib: invalid dictionary"},
		{"more behind", again(append(bytes.Clone(packed), "xy"...)), "2 bytes too many behind the compressed data"},
		{"twice", again(append(bytes.Clone(packed), packed...)), "18 bytes too many behind the compressed data"},
		{"too long", long, "it inflates to more than it may, 100 bytes"},
		{"a bomb", Encode(make([]byte, 10<<20)), "it inflates to more than it may, 100 bytes"},
		{"a blueprint", "0" + hello, "it is a blueprint string, which has a version before the encoded text"},
	} {
		if got, err := Decode(test.text, 100); err == nil || err.Error() != test.want || got != nil {
			t.Errorf("%s:\n got %q, %v\nwant %s", test.name, got, err, test.want)
		}
	}
}

func TestUnspaced(t *testing.T) {
	if got := Unspaced("\ufeff e\u200bN\r\n\to\u00a0 "); got != "eNo" {
		t.Errorf("%q", got)
	}
}

func TestIs(t *testing.T) {
	for text, want := range map[string]bool{
		hello: true, "eJwDAAAAAAE=": true, "eNpLTAQAASUAww==": true, "eAEBAgD9": true, "eF4B": true, // every strength of compression
		"0" + hello: false, "": false, "eNo": false, "example": false, "eJ*A": false, "eLsA": false, "aGVsbG8=": false,
	} {
		if got := Is(text); got != want {
			t.Errorf("%q: %v", text, got)
		}
	}
}

func TestBlueprints(t *testing.T) {
	text := EncodeBlueprint([]byte(`{"blueprint":{}}`))
	if !IsBlueprint(text) || IsBlueprint(text[1:]) || IsBlueprint("0") || IsBlueprint("") {
		t.Error("blueprints are not told apart")
	}
	if got, err := DecodeBlueprint(text, 100); err != nil || string(got) != `{"blueprint":{}}` {
		t.Errorf("%q, %v", got, err)
	}
	for _, test := range []struct{ name, text, want string }{
		{"empty", "", "it is empty"},
		{"another version", "1" + hello, `it begins with "1", but a blueprint string begins with '0'`},
		{"no version", hello, `it begins with "e", but a blueprint string begins with '0'`},
		{"the version alone", "0", "there is no encoded text"},
		{"two versions", "00" + hello, "it is a blueprint string, which has a version before the encoded text"},
	} {
		if got, err := DecodeBlueprint(test.text, 100); err == nil || err.Error() != test.want {
			t.Errorf("%s:\n got %q, %v\nwant %s", test.name, got, err, test.want)
		}
	}
}

func TestGeneratedTextsReadBack(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	var e Encoder
	for range 500 {
		data := make([]byte, r.IntN(3000))
		for i := range data {
			data[i] = byte(r.IntN(1 + r.IntN(256)))
		}
		for _, text := range []string{e.Encode(data), Encode(data)} {
			if got, err := Decode(text, len(data)); err != nil || !bytes.Equal(got, data) || !strings.HasPrefix(text, "e") {
				t.Fatalf("%q: %v", text, err)
			}
		}
	}
}

func FuzzDecode(f *testing.F) {
	f.Add(hello)
	f.Add("0" + hello)
	f.Fuzz(func(t *testing.T, text string) {
		const limit = 1 << 16
		DecodeBlueprint(text, limit)
		data, err := Decode(text, limit)
		if err != nil {
			return
		}
		if len(data) > limit {
			t.Errorf("%d bytes", len(data))
		}
		if again, err := Decode(Encode(data), limit); err != nil || !bytes.Equal(again, data) {
			t.Errorf("%q, %v", again, err)
		}
	})
}

var body = bytes.Repeat([]byte("iron-plate=12345/1200+"), 100)

func BenchmarkEncoder(b *testing.B) {
	var e Encoder
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	for b.Loop() {
		e.Encode(body)
	}
}

func BenchmarkDecode(b *testing.B) {
	text := Encode(body)
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Decode(text, len(body)); err != nil {
			b.Fatal(err)
		}
	}
}

// What came before, whole or damaged, must not show in what comes next.
func TestDecoderIsReused(t *testing.T) {
	var d Decoder
	var e Encoder
	for range 3 {
		for _, body := range []string{"hello wash", strings.Repeat("iron-plate/normal=1/2/3+", 2_000), "x"} {
			text := e.Encode([]byte(body))
			for _, bad := range []string{text[:len(text)/2], hello[:8], "", "eJxx"} {
				if got, err := d.Decode(bad, 1<<20); err == nil {
					t.Errorf("%q was read as %q", bad, got)
				}
			}
			if got, err := d.Decode(text, 1<<20); err != nil || string(got) != body {
				t.Errorf("got %.20q, %v; want %.20q", got, err, body)
			}
			if _, err := d.Decode(text, len(body)-1); err == nil {
				t.Error("a text above the limit was read")
			}
		}
	}
}
