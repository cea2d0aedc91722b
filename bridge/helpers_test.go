package bridge

import (
	"testing"

	"godwit/internal/social"
)

func handle(t testing.TB, s string) social.Handle {
	t.Helper()
	h, err := social.ParseHandle(s, social.Private)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func home(t testing.TB, fl social.Flavour) social.Destination {
	t.Helper()
	return social.Destination{
		ID: 7, Host: "home.test", RemoteID: "1", Handle: handle(t, "me@home.test"), Flavour: fl,
		State: social.Active, Follow: social.FollowRunning,
	}
}
