//go:build !unix

package main

import "time"

var begun = time.Now()

// processorTime is the time on the wall, where no other is told.
func processorTime() time.Duration { return time.Since(begun) }
