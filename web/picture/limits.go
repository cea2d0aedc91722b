package picture

// Bounds and sizes of the pictures.
const (
	maxAddress = 500 // bytes in a QR code; longer ones make it too fine for a phone

	quiet     = 4 // modules of white around a code, as ISO/IEC 18004 wants
	pngModule = 10

	// Width and Height of the card in pixels: what previews of links show.
	Width  = 1200
	Height = 630

	margin   = 72
	codeSide = 264
	maxLines = 3  // of a name on the card
	largest  = 68 // pixels of its type …
	smallest = 26 // … below which it is not readable in a preview

	kept = 64 // cards that a Drawer remembers, some 40 kB each
)
