package source

import (
	"maps"
	"slices"

	"github.com/confo-sync/confo-sync/plan"
)

// textFinder finds texts within others, in all forms in which they may stand there, and
// returns where they are from.
type textFinder[T any] struct {
	from  map[string]T
	texts map[string]string // by form
	find  func(text string) []plan.Span
}

// newTextFinder returns the finder of the texts that from has, which it keeps.
func newTextFinder[T any](from map[string]T) *textFinder[T] {
	f := &textFinder[T]{from: from, texts: map[string]string{}}
	for text := range from {
		for _, form := range plan.TextForms(text) {
			f.texts[form] = text
		}
	}
	f.prepare()
	return f
}

func (f *textFinder[T]) prepare() { f.find = plan.FindTexts(slices.Collect(maps.Keys(f.from))) }

// except returns the finder without the texts that stand within others.
func (f *textFinder[T]) except(others func(yield func(string) bool)) *textFinder[T] {
	if f.find == nil {
		return f
	}
	for other := range others {
		for _, span := range f.find(other) {
			delete(f.from, f.texts[other[span.From:span.To]])
		}
	}
	f.prepare()
	return f
}

// in returns where a text is from that stands within another, or the zero T.
func (f *textFinder[T]) in(text string) (from T) {
	if f.find == nil {
		return from
	}
	spans := f.find(text)
	for _, span := range spans {
		if from, ok := f.from[f.texts[text[span.From:span.To]]]; ok {
			return from
		}
	}
	if len(spans) > 0 { // several that overlap
		return f.from[slices.Min(slices.Collect(maps.Keys(f.from)))]
	}
	return from
}
