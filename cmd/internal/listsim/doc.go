// Package listsim plays the two halves of keeping lists of players the same, the cluster's and the instances', against each other: with
// games that people type into, files that are edited, links that break, and parts that come out of backups. It holds tests only.
package listsim
