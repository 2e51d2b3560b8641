package source

import (
	"math"
	"math/big"
	"regexp"
	"strconv"
	"strings"

	"github.com/confo-sync/confo-sync/plan"
)

// trap is a way of writing that other readers of YAML, or of JSON, take for
// something else.
type trap uint8

const (
	trapOctal      trap = 1 << iota // 0755
	trapSeparators                  // 1_000
	trapBoolean                     // no
	trapNotFinite                   // .nan
	trapZero                        // 3.10
)

// scalar is what a scalar stands for.
type scalar struct {
	kind    plan.Kind
	text    string // as in a plan.Node
	traps   trap
	problem *problem // why it stands for nothing
}

// problem is an error and what to do about it.
type problem struct{ message, hint string }

func (s scalar) node() plan.Node { return plan.Node{Kind: s.kind, Text: s.text} }

// resolve returns what a plain scalar stands for. It is YAML 1.2's core schema
// with what is common of YAML 1.1 beside it: octal numbers with a leading zero,
// binary ones, and "_" between digits. Dates are strings.
func resolve(s string) scalar {
	if s == "" {
		return scalar{kind: plan.Null, text: "null"}
	}
	switch s[0] {
	case '~', 'n', 'N', 't', 'T', 'f', 'F', 'y', 'Y', 'o', 'O':
		return resolveWord(s)
	case '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', '+', '-', '.':
		if v, ok := resolveNumber(s); ok {
			return v
		}
	}
	return scalar{kind: plan.String, text: s}
}

func resolveWord(s string) scalar {
	switch s {
	case "~", "null", "Null", "NULL":
		return scalar{kind: plan.Null, text: "null"}
	case "true", "True", "TRUE":
		return scalar{kind: plan.Bool, text: "true"}
	case "false", "False", "FALSE":
		return scalar{kind: plan.Bool, text: "false"}
	}
	v := scalar{kind: plan.String, text: s}
	if len(s) <= 3 {
		switch strings.ToLower(s) {
		case "y", "n", "yes", "no", "on", "off":
			v.traps = trapBoolean
		}
	}
	return v
}

// resolveNumber returns the integer or float that s is, if it is one.
func resolveNumber(s string) (scalar, bool) {
	var traps trap
	sign, rest := "", s
	if s[0] == '-' || s[0] == '+' {
		sign, rest = strings.TrimPrefix(s[:1], "+"), s[1:]
	}
	switch rest {
	case "":
		return scalar{}, false
	case ".inf", ".Inf", ".INF":
		return scalar{kind: plan.Float, text: sign + "Infinity", traps: trapNotFinite}, true
	case ".nan", ".NaN", ".NAN":
		return scalar{kind: plan.Float, text: "NaN", traps: trapNotFinite}, len(rest) == len(s)
	}
	if s[0] != '.' && strings.IndexByte(rest, '_') >= 0 {
		rest = strings.ReplaceAll(rest, "_", "")
		traps |= trapSeparators
	}
	if len(rest) > 2 && rest[0] == '0' {
		base := 0
		switch rest[1] {
		case 'x':
			base = 16
		case 'o':
			base = 8
		case 'b':
			base = 2
		}
		if base != 0 {
			return inBase(sign, rest[2:], base, traps)
		}
	}
	digits := leadingDigits(rest)
	if digits == len(rest) {
		return decimal(s, sign, rest, traps)
	}
	if !isFloat(rest, digits) {
		return scalar{}, false
	}
	f, _ := strconv.ParseFloat(sign+rest, 64)
	if fraction := rest[digits:]; len(fraction) > 2 && fraction[len(fraction)-1] == '0' && leadingDigits(fraction[1:]) == len(fraction)-1 {
		traps |= trapZero
	}
	return float(f, traps), true
}

// float returns a float that was written as a number.
func float(f float64, traps trap) scalar {
	if math.IsInf(f, 0) {
		return scalar{problem: &problem{"the number is too large for a float", "write .inf if you mean infinity, or quote it"}}
	}
	return scalar{kind: plan.Float, text: string(plan.AppendFloat(nil, f)), traps: traps}
}

// decimal returns the integer that is written as s: a sign, and digits only.
func decimal(s, sign, digits string, traps trap) (scalar, bool) {
	if digits == "" {
		return scalar{}, false
	}
	if len(digits) > 1 && digits[0] == '0' {
		if strings.ContainsAny(digits, "89") {
			return scalar{problem: &problem{
				"a number with a leading zero is octal, but this one has an 8 or 9",
				"remove the zero, or quote it to keep it as it is",
			}}, true
		}
		return inBase(sign, digits, 8, traps|trapOctal)
	}
	text := s
	if len(s) != len(sign)+len(digits) || traps&trapSeparators != 0 {
		text = sign + digits
	}
	return integer(text, traps), true
}

// inBase returns the integer that has these digits in base.
func inBase(sign, digits string, base int, traps trap) (scalar, bool) {
	if u, err := strconv.ParseUint(digits, base, 64); err == nil {
		return integer(sign+strconv.FormatUint(u, 10), traps), true
	}
	for i := 0; i < len(digits); i++ {
		if !isHex(digits[i]) || int(unhex(digits[i])) >= base {
			return scalar{}, false
		}
	}
	if len(strings.TrimLeft(digits, "0")) > 4*plan.MaxDigits { // even as binary digits that is too long
		return scalar{problem: &problem{messageLong, hintLong}}, true
	}
	n, ok := new(big.Int).SetString(digits, base)
	if !ok {
		return scalar{}, false
	}
	return integer(sign+n.String(), traps), true
}

// integer returns the integer with this decimal text.
func integer(text string, traps trap) scalar {
	if text == "-0" {
		text = "0"
	}
	if len(text) > plan.MaxDigits && len(strings.TrimPrefix(text, "-")) > plan.MaxDigits {
		return scalar{problem: &problem{messageLong, hintLong}}
	}
	return scalar{kind: plan.Integer, text: text, traps: traps}
}

// number11 matches what YAML 1.1 takes for a number or a date, as PyYAML does.
var number11 = regexp.MustCompile(`^(?:` +
	`[-+]?(?:[0-9][0-9_]*)\.[0-9_]*(?:[eE][-+][0-9]+)?|\.[0-9][0-9_]*(?:[eE][-+][0-9]+)?|` +
	`[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?|` +
	`[-+]?(?:0b[0-1_]+|0x[0-9a-fA-F_]+|[0-9][0-9_]*)|` +
	`[0-9]{4}-[0-9][0-9]?-[0-9][0-9]?(?:(?:[Tt]|[ \t]+)[0-9][0-9]?:[0-9]{2}:[0-9]{2}(?:\.[0-9]*)?(?:[ \t]*(?:Z|[-+][0-9][0-9]?(?::[0-9]{2})?))?)?` +
	`)$`)

// isElsewhere reports whether a string without quotes is a number or a date to
// readers of YAML 1.1.
func isElsewhere(s string) bool {
	return s != "" && (isDigit(s[0]) || strings.IndexByte("+-.", s[0]) >= 0) && number11.MatchString(s)
}

func leadingDigits(s string) int {
	i := 0
	for i < len(s) && isDigit(s[i]) {
		i++
	}
	return i
}

// isFloat reports whether s, which begins with so many digits, goes on as a
// float: 1.0, .5, 5., 1e3.
func isFloat(s string, digits int) bool {
	rest := s[digits:]
	if rest != "" && rest[0] == '.' {
		fraction := leadingDigits(rest[1:])
		digits += fraction
		rest = rest[1+fraction:]
	}
	if digits == 0 {
		return false
	}
	if rest == "" {
		return true
	}
	if rest[0]|0x20 != 'e' {
		return false
	}
	rest = rest[1:]
	if rest != "" && (rest[0] == '+' || rest[0] == '-') {
		rest = rest[1:]
	}
	return rest != "" && leadingDigits(rest) == len(rest)
}

// resolveTagged returns what a scalar with an explicit tag stands for: the tag
// says what it is, however it is quoted.
func resolveTagged(tag, value string) scalar {
	v := scalar{kind: plan.String, text: value}
	fits := false
	switch tag {
	case "!!str":
		fits = true
	case "!!timestamp":
		fits = isDate(value)
	case "!!null":
		v = resolve(value)
		fits = v.kind == plan.Null
	case "!!bool":
		v = resolve(value)
		fits = v.kind == plan.Bool
	case "!!int":
		v = resolve(value)
		fits = v.kind == plan.Integer
	case "!!float":
		v = resolve(value)
		fits = v.kind == plan.Float || v.kind == plan.Integer
		if v.kind == plan.Integer {
			f, _ := strconv.ParseFloat(v.text, 64)
			v = float(f, v.traps)
		}
	default:
		return scalar{problem: unknownTag(tag)}
	}
	if v.problem == nil && !fits {
		v.problem = &problem{"the value does not match its tag " + tag, "correct the value, or remove the tag"}
	}
	return v
}

// isDate reports whether s begins with a date, and goes on with a time if it
// goes on.
func isDate(s string) bool {
	date, _, _ := strings.Cut(strings.ToLower(s), "t")
	date, _, _ = strings.Cut(date, " ")
	parts := strings.Split(date, "-")
	if len(parts) != 3 || len(parts[0]) != 4 {
		return false
	}
	for i, limit := range [...]int{9999, 12, 31} {
		n, err := strconv.Atoi(parts[i])
		if err != nil || i > 0 && n < 1 || n > limit {
			return false
		}
	}
	return true
}

// unknownTag is the problem of a tag that means nothing here. A value that
// begins with "!" was perhaps not meant to be a tag at all, so it isn't quoted.
func unknownTag(tag string) *problem {
	switch tag {
	case "!!binary", "!!set", "!!omap", "!!pairs":
		return &problem{"the tag " + tag + " has no equivalent in JSON", "write a string, a list or a mapping"}
	case "!!str", "!!int", "!!float", "!!bool", "!!null", "!!timestamp", "!!map", "!!seq", tagSensitive:
		return &problem{"the tag " + tag + " can't be used here", "remove the tag"}
	}
	return &problem{"this tag is unknown", "quote the value if it begins with !, or remove the tag"}
}

// tagSensitive marks a value as one that must not be shown.
const tagSensitive = "!sensitive"
