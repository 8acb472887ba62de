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
	changed := bytes.Clone(packed)
	changed[len(changed)-1] ^= 1
	for _, test := range []struct{ name, text, want string }{
		{"empty", "", "it can't be inflated: unexpected EOF"},
		{"no base64", "eJ*", "it is no base64: illegal base64 data at input byte 2"},
		{"cut within four characters", hello[:13], "it is no base64: illegal base64 data at input byte 12"},
		{"cut", hello[:12], "it can't be inflated: unexpected EOF"},
		{"no zlib", again([]byte("hello")), "it can't be inflated: zlib: invalid header"},
		{"a changed byte", again(changed), "it can't be inflated: zlib: invalid checksum"},
		{"a dictionary", again([]byte("\x78\xbb\x00\x00\x00\x02xx")), "it can't be inflated: zlib: invalid dictionary"},
		{"more behind", again(append(packed, "xy"...)), "2 bytes too many behind the compressed data"},
		{"too long", long, "it inflates to more than it may, 100 bytes"},
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
		{"the version alone", "0", "it can't be inflated: unexpected EOF"},
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
