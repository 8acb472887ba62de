package identity

import (
	"bytes"
	"crypto/ed25519"
	"crypto/x509"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"
)

func TestIdentityStaysTheSame(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new", "folder")
	first, err := Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	second, err := Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	if first.ID() != second.ID() || first.ID().IsZero() {
		t.Errorf("ids are %v and %v", first.ID(), second.ID())
	}
	if first.Derive("a") != second.Derive("a") || first.Derive("a") == first.Derive("b") {
		t.Error("derived secrets do not depend on the key and the label alone")
	}
	other, err := Load(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	if other.ID() == first.ID() || other.Derive("a") == first.Derive("a") {
		t.Error("two programs have the same identity")
	}
	if left, _ := filepath.Glob(filepath.Join(dir, "*")); len(left) != 1 {
		t.Errorf("the folder holds %v", left)
	}
}

func TestCertificate(t *testing.T) {
	i, err := Load(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	cert := i.Certificate()
	leaf, err := x509.ParseCertificate(cert.Certificate[0])
	if err != nil {
		t.Fatal(err)
	}
	if OfCertificate(leaf) != i.ID() {
		t.Error("the certificate speaks for somebody else")
	}
	if err := leaf.CheckSignature(x509.PureEd25519, leaf.RawTBSCertificate, leaf.Signature); err != nil {
		t.Error(err)
	}
	if now := time.Now(); leaf.NotBefore.After(now) || leaf.NotAfter.Before(now.AddDate(29, 0, 0)) {
		t.Errorf("valid from %v to %v", leaf.NotBefore, leaf.NotAfter)
	}
	if _, ok := cert.PrivateKey.(ed25519.PrivateKey); !ok {
		t.Errorf("key is a %T", cert.PrivateKey)
	}
}

func TestKeyFileIsPrivate(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("SKIPPED: mode bits mean nothing on Windows")
	}
	dir := t.TempDir()
	if _, err := Load(dir); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "identity.pem")
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode is %v, %v", info.Mode(), err)
	}
	for _, mode := range []os.FileMode{0o640, 0o604, 0o660} {
		os.Chmod(path, mode)
		if _, err := Load(dir); err == nil || !strings.Contains(err.Error(), "chmod") {
			t.Errorf("mode %04o: %v", mode, err)
		}
	}
}

func TestLoadRefusesWhatIsNoKey(t *testing.T) {
	for name, content := range map[string]string{
		"empty":       "",
		"no PEM":      "hello",
		"other block": "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
		"no key":      "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
		"too long":    strings.Repeat("x", maxFile+1),
	} {
		dir := t.TempDir()
		path := filepath.Join(dir, "identity.pem")
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := Load(dir); err == nil {
			t.Errorf("%s: loaded", name)
		}
		if after, _ := os.ReadFile(path); string(after) != content {
			t.Errorf("%s: the file was replaced", name)
		}
	}
}

func TestStartsAtTheSameMomentAgree(t *testing.T) {
	dir := t.TempDir()
	ids := make([]ID, 8)
	var group sync.WaitGroup
	for n := range ids {
		group.Go(func() {
			i, err := Load(dir)
			if err != nil {
				t.Error(err)
				return
			}
			ids[n] = i.ID()
		})
	}
	group.Wait()
	final, err := Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, id := range ids {
		if id != final.ID() {
			t.Fatalf("ids are %v, the file holds %v", ids, final.ID())
		}
	}
}

func TestTextForms(t *testing.T) {
	id := ID{0: 0xff, 31: 0x01}
	text := id.String()
	if len(text) != 52 || text != strings.ToLower(text) || len(id.Short()) != 26 || !strings.HasPrefix(text, id.Short()) {
		t.Errorf("forms are %q and %q", text, id.Short())
	}
	for _, s := range []string{text, strings.ToUpper(text), " " + text + "\n"} {
		if got, err := ParseID(s); err != nil || got != id {
			t.Errorf("ParseID(%q) = %v, %v", s, got, err)
		}
	}
	for _, s := range []string{"", id.Short(), text + "a", text[:51] + "!", text[:51] + "b", strings.Repeat("0", 52)} {
		if got, err := ParseID(s); err == nil {
			t.Errorf("ParseID(%q) = %v", s, got)
		}
	}
	b, err := id.MarshalText()
	var back ID
	if err != nil || back.UnmarshalText(b) != nil || back != id {
		t.Errorf("text form does not survive: %s", b)
	}
}

func FuzzParseID(f *testing.F) {
	f.Add(strings.Repeat("a", 52))
	f.Fuzz(func(t *testing.T, s string) {
		id, err := ParseID(s)
		if err != nil {
			return
		}
		if again, err := ParseID(id.String()); err != nil || !bytes.Equal(again[:], id[:]) {
			t.Errorf("%q reads as %v, which reads as %v, %v", s, id, again, err)
		}
	})
}
