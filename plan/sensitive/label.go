package sensitive

import "strings"

// labels are fields and attributes with the name of the value in another field: name:
// db_password, value: x.
var labels = set(`name key k id variable var parameter property option header field env setting attribute label title parameterkey`)

// values are fields with such a value.
var values = set(`value val values v default content data text string parametervalue defaultvalue stringvalue`)

// labelled masks the value that belongs to the label before i, if the label names a
// secret. It returns the end of the value, or 0.
func (f *finder) labelled(label string, i int) int {
	if strings.IndexByte("=:>", f.text[i]) < 0 || !IsLabel(label) {
		return 0
	}
	from := i + 1
	for from < len(f.text) && strings.IndexByte("=:> \t\"'`\\", f.text[from]) >= 0 {
		from++
	}
	to := from
	for to < len(f.text) && isNameByte(f.text[to]) {
		to++
	}
	class := Name(f.text[from:to])
	if class == Open {
		return 0
	}
	f.valueAbove(class, i-len(label))
	end := f.lineEnd(to)
	if rest := strings.Trim(f.text[to:end], "\"'`,;})/> \t"); givesValue(rest, f.text[to:end]) {
		f.add(to, end)
		if opensElement(rest) {
			return max(end, f.valueBelow(class, end))
		}
		return end
	} else if rest != "" && !isClosingTag(rest) {
		return 0
	}
	return f.valueBelow(class, end)
}

// valueAbove masks the value that precedes the label of a secret in the same element,
// object or item: <add value="x" key="password"/>. label is its approximate position.
func (f *finder) valueAbove(class Class, label int) {
	const farthest = 256
	text := f.text[max(0, label-farthest):max(0, label)]
	if before := strings.TrimRight(text, blanks+"<"); strings.HasSuffix(before, "</value>") {
		before = strings.TrimSuffix(before, "</value>")
		if open := strings.LastIndexByte(before, '>') + 1; open > 0 && class.Hides(before[open:], false) && !IsPlaceholder(before[open:]) {
			start := label - len(text)
			f.add(max(start, 0)+open, max(start, 0)+len(before))
		}
		return
	}
	if open := strings.LastIndexAny(text, "<{"); open >= 0 {
		text = text[open:]
	} else if item := strings.LastIndex(text, "- "); item >= 0 {
		text = text[item:]
	} else {
		return
	}
	if strings.ContainsAny(text, ">}") || strings.Count(text, "\n") > 3 {
		return
	}
	for i := 0; i < len(text); i++ {
		if text[i] != '=' && text[i] != ':' {
			continue
		}
		name := strings.TrimRight(text[:i], "\"' ")
		start := strings.LastIndexFunc(name, func(r rune) bool { return r >= 128 || !isNameByte(byte(r)) }) + 1
		if !IsValueField(name[start:]) {
			continue
		}
		from := i + 1
		for from < len(text) && isSpace(text[from]) {
			from++
		}
		to := len(strings.TrimRight(text, "\"'<{ \r\n\t-,"))
		if value := strings.Trim(text[from:max(from, to)], "\"'"); value != "" && class.Hides(value, false) && !IsPlaceholder(value) {
			f.add(label-len(text)+from, label-len(text)+to)
		}
		return
	}
}

// givesValue reports whether the rest of a line after a secret's name contains its
// value: an attribute, a field, or the content of an XML element.
func givesValue(rest, line string) bool {
	if rest == "" || isClosingTag(rest) {
		return false
	}
	return strings.ContainsAny(rest, "=:<") || strings.HasPrefix(strings.TrimLeft(line, `"'`), ">")
}

// opensElement reports whether a line ends inside the tag of an XML element.
func opensElement(rest string) bool {
	return !strings.Contains(rest, "<") && strings.Contains(rest, "=")
}

func isClosingTag(rest string) bool {
	return strings.HasPrefix(rest, "</") && strings.IndexByte(rest[1:], '<') < 0
}

// valueBelow masks the value in the line after to, if the line has one. It returns the
// end of the value.
func (f *finder) valueBelow(class Class, to int) int {
	const farthest = 1024
	start := to
	for start < len(f.text) && (isSpace(f.text[start]) || strings.IndexByte(`"'<`, f.text[start]) >= 0) {
		start++
	}
	end := start
	for end < len(f.text) && isNameByte(f.text[end]) {
		end++
	}
	if f.text[start:end] == "description" {
		if closing := strings.Index(f.text[end:min(len(f.text), end+farthest)], "</description>"); closing >= 0 {
			return f.valueBelow(class, end+closing+len("</description>"))
		}
	}
	if !IsValueField(f.text[start:end]) {
		return 0
	}
	for end < len(f.text) && strings.IndexByte(`"'`, f.text[end]) >= 0 {
		end++
	}
	return f.hide(class, end)
}

// element masks the content of an XML element with attributes, if its name is that of a
// secret: <password type="x">y</password>, <password value="y"/>. start is the start of
// its name.
func (f *finder) element(start int) {
	const farthest = 256
	end := start
	for end < len(f.text) && end-start < longestName && (isNameByte(f.text[end]) || f.text[end] == ':') {
		end++
	}
	name := f.text[start:end]
	name = name[strings.LastIndexByte(name, ':')+1:]
	if end == len(f.text) || !isSpace(f.text[end]) {
		return
	}
	class := Name(name)
	if class == Open {
		return
	}
	tag, _, ok := strings.Cut(f.text[end:min(len(f.text), end+farthest)], ">")
	if !ok {
		return
	}
	closing := end + len(tag)
	for i := end; i < closing; i++ {
		if f.text[i] == '=' && IsValueField(f.nameBefore(i)) {
			f.hide(class, i+1)
			return
		}
	}
	if !strings.HasSuffix(tag, "/") {
		f.hide(class, closing+1)
	}
}

// escapedElements masks the content of escaped XML elements: &lt;password&gt;x.
func (f *finder) escapedElements() {
	f.each("&lt;", func(at int) int {
		start := at + len("&lt;")
		end := start + f.after(start, longestName, isNameByte)
		for _, sign := range []string{"&gt;", ">"} {
			if strings.HasPrefix(f.text[end:], sign) && end > start {
				return f.escapedElement(Name(f.text[start:end]), end+len(sign))
			}
		}
		return end
	})
}

func (f *finder) escapedElement(class Class, from int) int {
	to := f.lineEnd(from)
	if closing := strings.Index(f.text[from:to], "&lt;"); closing >= 0 {
		to = from + closing
	}
	if value := strings.TrimSpace(f.text[from:to]); value != "" && class.Hides(value, false) && !IsPlaceholder(value) {
		f.add(from, to)
	}
	return to
}

// variables masks the defaults of Terraform variables with the name of a secret.
func (f *finder) variables() {
	const begin, lines = `variable "`, 12
	f.each(begin, func(at int) int {
		start := at + len(begin)
		end := f.end(start, "\"\n")
		class := Name(f.text[start:min(end, start+longestName)])
		if class == Open {
			return end
		}
		line := f.lineEnd(end)
		for n := 0; n < lines && line < len(f.text) && f.text[line-1] != '}'; n++ {
			start, line = line+1, f.lineEnd(line+1)
			word := strings.TrimLeft(f.text[start:line], " \t")
			if sign := strings.IndexByte(word, '='); sign > 0 && strings.TrimSpace(word[:sign]) == "default" {
				return f.hide(class, line-len(word)+sign+1)
			}
		}
		return end
	})
}
