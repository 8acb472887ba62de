//go:build !linux

package netwatch

import "context"

func watch() func(context.Context, func()) { return poll }
