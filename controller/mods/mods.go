// Package mods keeps mods for the cluster: their files in a folder, named by the hash of their content, with an index in the
// controller's store, and what is known of the mod portal, for search and for solving dependencies, also without internet.
package mods
