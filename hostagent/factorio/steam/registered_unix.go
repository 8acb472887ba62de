//go:build unix

package steam

// Registered returns nothing: only Windows has a place where Steam registers its folder.
func Registered() []string { return nil }
