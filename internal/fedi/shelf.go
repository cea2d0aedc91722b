package fedi

import (
	"sync"
	"time"
)

// shelf keeps values until their time is over, and never more than max.
type shelf[V any] struct {
	mu    sync.Mutex
	max   int
	items map[string]shelved[V]
}

type shelved[V any] struct {
	value V
	until time.Time
}

func newShelf[V any](max int) *shelf[V] {
	return &shelf[V]{max: max, items: map[string]shelved[V]{}}
}

func (s *shelf[V]) get(key string, now time.Time) (V, time.Time, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	item, ok := s.items[key]
	if !ok || !now.Before(item.until) {
		var none V
		return none, time.Time{}, false
	}
	return item.value, item.until, true
}

func (s *shelf[V]) put(key string, value V, until time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, ok := s.items[key]; !ok && len(s.items) >= s.max {
		s.dropOne()
	}
	s.items[key] = shelved[V]{value, until}
}

// dropOne makes room: of a few entries, taken as the map gives them, the one
// that ends first goes.
func (s *shelf[V]) dropOne() {
	victim, seen := "", 0
	for key, item := range s.items {
		if victim == "" || item.until.Before(s.items[victim].until) {
			victim = key
		}
		if seen++; seen == evictSample {
			break
		}
	}
	delete(s.items, victim)
}
