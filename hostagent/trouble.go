package hostagent

import (
	"errors"

	"mainbus/transport/link"
)

// peerProblem says what is wrong with a controller and what helps; empty: nothing. Games go on whatever it is.
func peerProblem(linked bool, trouble error) string {
	switch {
	case errors.Is(trouble, link.ErrSameKey):
		return "two controllers use the same key, because a data folder was copied, or this host's was: stop one, delete identity.pem in its data folder and pair it anew"
	case linked || trouble == nil:
		return ""
	case errors.Is(trouble, link.ErrVersion):
		return trouble.Error() + ": update the older one"
	case errors.Is(trouble, link.ErrRevoked), errors.Is(trouble, link.ErrUntrusted):
		return "it has forgotten this host: pair the two again, or let it go with mainbus-host forget"
	case errors.Is(trouble, link.ErrOtherKey):
		return "another program answers where it was"
	}
	return "it can't be reached where it was: " + trouble.Error()
}
