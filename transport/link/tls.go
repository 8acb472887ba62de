package link

import (
	"crypto/ed25519"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"

	"mainbus/transport/identity"
)

// Names and authorities mean nothing here: a peer is its key, which VerifyConnection checks. It is called on every
// handshake, unlike VerifyPeerCertificate, and tickets are off, so no session is ever resumed past it.
func (e *Endpoint) baseTLS(verify func(tls.ConnectionState) error, protocols ...string) *tls.Config {
	return &tls.Config{
		Certificates:           []tls.Certificate{e.cfg.Identity.Certificate()},
		MinVersion:             tls.VersionTLS13,
		NextProtos:             protocols,
		ClientAuth:             tls.RequireAnyClientCert,
		InsecureSkipVerify:     true,
		VerifyConnection:       verify,
		SessionTicketsDisabled: true,
	}
}

func (e *Endpoint) serverTLS() *tls.Config {
	protocols := []string{e.protocol()}
	if e.cfg.Pair != nil && !e.cfg.Bulk {
		protocols = append(protocols, alpnPair)
	}
	return e.baseTLS(func(cs tls.ConnectionState) error {
		id, err := e.strangerID(cs)
		if err != nil {
			return err
		}
		if cs.NegotiatedProtocol == alpnPair {
			return nil
		}
		if !e.cfg.Trusted(id) {
			return fmt.Errorf("peer %s is not paired", id.Short())
		}
		return nil
	}, protocols...)
}

func (e *Endpoint) linkTLS(want identity.ID) *tls.Config {
	return e.baseTLS(func(cs tls.ConnectionState) error {
		id, err := peerID(cs)
		if err == nil && id != want {
			err = ErrOtherKey
		}
		return err
	}, e.protocol())
}

func (e *Endpoint) pairTLS() *tls.Config {
	return e.baseTLS(func(cs tls.ConnectionState) error {
		_, err := e.strangerID(cs)
		return err
	}, alpnPair)
}

func (e *Endpoint) strangerID(cs tls.ConnectionState) (identity.ID, error) {
	id, err := peerID(cs)
	if err == nil && id == e.id {
		err = errors.New("the peer uses this program's own key")
	}
	return id, err
}

// peerID returns whom the handshake proved the peer to be.
func peerID(cs tls.ConnectionState) (identity.ID, error) {
	if len(cs.PeerCertificates) != 1 {
		return identity.ID{}, fmt.Errorf("peer sent %d certificates instead of one", len(cs.PeerCertificates))
	}
	c := cs.PeerCertificates[0]
	if _, ok := c.PublicKey.(ed25519.PublicKey); !ok || c.SignatureAlgorithm != x509.PureEd25519 {
		return identity.ID{}, errors.New("peer's key is not Ed25519")
	}
	if err := c.CheckSignature(c.SignatureAlgorithm, c.RawTBSCertificate, c.Signature); err != nil {
		return identity.ID{}, fmt.Errorf("peer's certificate is not self-signed: %w", err)
	}
	return identity.OfCertificate(c), nil
}
