package controller

import (
	"errors"
	"fmt"
	"strings"

	"mainbus/controller/api"
	"mainbus/transport/link"
)

// hostTrouble puts what is wrong with a paired host into words; refusal is why the host does not do what is wanted.
func hostTrouble(h api.Host, refusal string, trouble error) (code, problem, next string) {
	const again = "Pair the two again: mainbus-host pair on that machine shows a code. Games that run there go on."
	switch {
	case errors.Is(trouble, link.ErrSameKey):
		return api.SameKey, fmt.Sprintf("Two programs say that they are %s, with the same key: its data folder was copied. The one that was linked stays.", h.Name),
			"Stop the copy, delete identity.pem in its data folder, start it, and pair it as a host of its own."
	case h.Linked && strings.Contains(refusal, otherController):
		return api.OtherController, fmt.Sprintf("%s does nothing for this controller: %s.", h.Name, refusal), "On that machine, mainbus-host forget lets the other controller go."
	case h.Linked && refusal != "":
		return api.Refuses, fmt.Sprintf("%s does not do what is wanted: %s", h.Name, refusal), ""
	case h.Linked:
		return "", "", ""
	case errors.Is(trouble, link.ErrVersion):
		return api.VersionSkew, trouble.Error() + ".", "Update the older of the two. Games that run there go on."
	case errors.Is(trouble, link.ErrRevoked), errors.Is(trouble, link.ErrUntrusted):
		return api.Forgotten, fmt.Sprintf("%s has forgotten this controller.", h.Name), again
	case errors.Is(trouble, link.ErrOtherKey):
		return api.OtherKey, fmt.Sprintf("Another program than %s answers where it was.", h.Name),
			"If its data folder was made anew, pair it again. Otherwise it has moved to another address: see that it runs."
	case trouble != nil:
		return api.Unreachable, fmt.Sprintf("%s can't be reached where it was.", h.Name),
			"See that the machine and mainbus-host run, and that UDP is let through in both directions. Games that run there go on."
	}
	return "", "", ""
}

// otherController is how an agent says that it does what another controller wants.
const otherController = "belong to another controller"
