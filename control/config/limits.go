package config

// limits bound what a file may cost to read: a mistake in it must end in a problem, not in an endless loop.
type limits struct {
	fileBytes    int64 // of one file
	lineBytes    int   // of one line, before and after substitution
	passes       int   // rounds of substitution of one line
	depth        int   // repetitions and definitions of several lines inside each other
	includeDepth int   // files inside each other
	files        int   // opened in all
	lines        int   // logical lines in all, expanded
	bytes        int   // of logical lines, their spans and the text put into them, in all
}

var defaultLimits = limits{
	fileBytes:    62 << 20,
	lineBytes:    64 << 10,
	passes:       40,
	depth:        40,
	includeDepth: 16,
	files:        4096,
	lines:        2 << 20,
	bytes:        256 << 20,
}

// keepalivedLine is the longest line keepalived reads; it discards longer ones.
const keepalivedLine = 1023
