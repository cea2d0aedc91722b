package store

import "errors"

var errNotBuilt = errors.New("store: not built yet")
