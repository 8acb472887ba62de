package link

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"math/big"
	"testing"
	"time"
)

func certificate(t *testing.T, public crypto.PublicKey, signer crypto.Signer) *x509.Certificate {
	t.Helper()
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, public, signer)
	if err != nil {
		t.Fatal(err)
	}
	c, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestPeerMustShowOneSelfSignedKey(t *testing.T) {
	own := newIdentity(t)
	good := own.Certificate().Leaf
	public, _, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	curve, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	_, signer, _ := ed25519.GenerateKey(rand.Reader)
	if id, err := peerID(tls.ConnectionState{PeerCertificates: []*x509.Certificate{good}}); err != nil || id != own.ID() {
		t.Errorf("a good certificate: %v, %v", id, err)
	}
	forged := *certificate(t, public, signer) // the key of one, signed by another
	for name, certs := range map[string][]*x509.Certificate{
		"none":            nil,
		"two":             {good, good},
		"another curve":   {certificate(t, curve.Public(), curve)},
		"signed by other": {&forged},
	} {
		if id, err := peerID(tls.ConnectionState{PeerCertificates: certs}); err == nil {
			t.Errorf("%s: taken for %v", name, id)
		}
	}
}
