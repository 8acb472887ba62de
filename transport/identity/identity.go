// Package identity gives each program a name that nobody else can use: the hash of an Ed25519 key that is made at
// the first start and never leaves the machine. It starts no goroutines.
package identity

import (
	"crypto/ed25519"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/base32"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"time"
)

const (
	fileName = "identity.pem"
	pemType  = "PRIVATE KEY"
	maxFile  = 4096

	fullLen  = 52 // 256 bits
	shortLen = 26 // 128 bits and two that pad
)

var encoding = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

// ID is the SHA-256 of a public key in its SubjectPublicKeyInfo form. The zero ID is nobody's.
type ID [sha256.Size]byte

// ParseID reads the full text form, 52 characters of lower or upper case base32.
func ParseID(s string) (ID, error) {
	var id ID
	text := strings.ToLower(strings.TrimSpace(s))
	if len(text) != fullLen {
		return ID{}, fmt.Errorf("parse id: %d characters instead of %d", len(text), fullLen)
	}
	b, err := encoding.DecodeString(text)
	if err != nil {
		return ID{}, fmt.Errorf("parse id: %w", err)
	}
	copy(id[:], b)
	if id.String() != text { // the last character carries one bit; the other four must be zero
		return ID{}, errors.New("parse id: not in canonical form")
	}
	return id, nil
}

// OfCertificate returns the identity that a certificate speaks for.
func OfCertificate(c *x509.Certificate) ID { return sha256.Sum256(c.RawSubjectPublicKeyInfo) }

// String returns all 256 bits, the form to keep in files.
func (id ID) String() string { return encoding.EncodeToString(id[:]) }

// Short returns the first 128 bits, the form for people and announcements. It is a hint and no proof.
func (id ID) Short() string { return id.String()[:shortLen] }

// IsZero reports whether id is nobody's.
func (id ID) IsZero() bool { return id == ID{} }

// MarshalText gives the full form.
func (id ID) MarshalText() ([]byte, error) { return []byte(id.String()), nil }

// UnmarshalText reads the full form.
func (id *ID) UnmarshalText(b []byte) error {
	parsed, err := ParseID(string(b))
	if err != nil {
		return err
	}
	*id = parsed
	return nil
}

// Identity is a program's own key with what follows from it. It is safe for concurrent use.
type Identity struct {
	key  ed25519.PrivateKey
	cert tls.Certificate
	id   ID
}

// Load reads <dir>/identity.pem, or makes it (mode 0600) when there is none; dir is made too (0700). A key file
// that other users can read is refused, because whoever read it can act as this program.
func Load(dir string) (*Identity, error) {
	path := filepath.Join(dir, fileName)
	key, err := readKey(path)
	if errors.Is(err, fs.ErrNotExist) {
		key, err = makeKey(dir, path)
	}
	if err != nil {
		return nil, fmt.Errorf("load identity: %w", err)
	}
	return fromKey(key)
}

func fromKey(key ed25519.PrivateKey) (*Identity, error) {
	now := time.Now()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1),
		NotBefore:    now.Add(-24 * time.Hour), // the peer's clock may be behind
		NotAfter:     now.AddDate(30, 0, 0),
		KeyUsage:     x509.KeyUsageDigitalSignature,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return nil, fmt.Errorf("make certificate: %w", err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, fmt.Errorf("make certificate: %w", err)
	}
	return &Identity{
		key:  key,
		cert: tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf},
		id:   OfCertificate(leaf),
	}, nil
}

// ID returns what peers pin.
func (i *Identity) ID() ID { return i.id }

// Certificate returns a self-signed certificate of the key, valid for 30 years. It is made anew at each start:
// peers pin the key, not the certificate.
func (i *Identity) Certificate() tls.Certificate { return i.cert }

// Derive returns a secret that is the same at every start and differs by label.
func (i *Identity) Derive(label string) [32]byte {
	b, err := hkdf.Key(sha256.New, i.key.Seed(), nil, "mainbus/"+label, 32)
	if err != nil {
		panic(err) // only a length beyond 255 hashes can fail
	}
	return [32]byte(b)
}

func readKey(path string) (ed25519.PrivateKey, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if err := checkPrivate(path, info); err != nil {
		return nil, err
	}
	if info.Size() > maxFile {
		return nil, fmt.Errorf("%s: %d bytes are too many for a key", path, info.Size())
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	block, _ := pem.Decode(text)
	if block == nil || block.Type != pemType {
		return nil, fmt.Errorf("%s holds no PEM block %q", path, pemType)
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	key, ok := parsed.(ed25519.PrivateKey)
	if !ok {
		return nil, fmt.Errorf("%s holds a %T instead of an Ed25519 key", path, parsed)
	}
	return key, nil
}

func makeKey(dir, path string) (ed25519.PrivateKey, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, err
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, err
	}
	text := pem.EncodeToMemory(&pem.Block{Type: pemType, Bytes: der})
	if err := writeOnce(dir, path, text); err != nil {
		return nil, fmt.Errorf("write %s: %w", path, err)
	}
	return readKey(path) // another process may have been first
}

// writeOnce puts content at path as a whole or not at all, and leaves a file that is there already alone.
func writeOnce(dir, path string, content []byte) error {
	f, err := os.CreateTemp(dir, fileName+".*") // mode 0600
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	_, err = f.Write(content)
	if err == nil {
		err = f.Sync()
	}
	if closeErr := f.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		return err
	}
	switch err := os.Link(f.Name(), path); {
	case errors.Is(err, fs.ErrExist):
		return nil
	case err != nil: // a file system without hard links
		if err := os.Rename(f.Name(), path); err != nil {
			return err
		}
	}
	return syncDir(dir)
}
