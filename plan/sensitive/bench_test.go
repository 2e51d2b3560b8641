package sensitive_test

import (
	"testing"

	"github.com/confo-sync/confo-sync/plan/sensitive"
)

// BenchmarkName measures the names that most configurations are made of.
func BenchmarkName(b *testing.B) {
	names := []string{"host", "port", "user", "password", "max_connections", "retryDelaySeconds", "url", "token_ttl"}
	for i := range b.N {
		sensitive.Name(names[i%len(names)])
	}
}

// BenchmarkParts measures texts of the lengths that most values have.
func BenchmarkParts(b *testing.B) {
	texts := []string{"db1.example.com", "https://shop.example.com/path?page=2", "postgres://app:pw@db/app", "Some longer text, with a few words: as they stand in a configuration."}
	for i := range b.N {
		sensitive.Parts(texts[i%len(texts)])
	}
}
