package importer

import "testing"

// FuzzManifest gives an export an index of a stranger's: whatever it says, the
// files themselves are read, and what is wrong with it is said in a sentence.
func FuzzManifest(f *testing.F) {
	for _, text := range []string{
		`{"userInfo":{"accountId":"77","userName":"ida"},"archiveInfo":{"generationDate":"2026-07-25T12:21:58.798Z","isPartialArchive":false},"dataTypes":{"following":{"files":[{"fileName":"data/following.js","globalName":"YTD.following.part0","count":"1"}]}}}`,
		`{"userInfo":{"accountId":"-1","userName":"a b"},"archiveInfo":{"generationDate":"9999999-13-45","isPartialArchive":"true"},"dataTypes":{"tweets":{"files":[{"fileName":"data/../../x.js","count":"99999999999999999999"},{"fileName":7,"count":null}]}}}`,
		`{"dataTypes":[]}`, `{"userInfo":[]}`, `{`, ``, `null`, "{\"userInfo\":{\"userName\":\"\xff\x00\"}}",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		readAny(t, []File{file("manifest.js", "window.__THAR_CONFIG = "+text), file("following.js", `window.YTD.following.part0 = [{"following":{"accountId":"5"}}]`)})
	})
}
