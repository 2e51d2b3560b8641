package sensitive

import (
	"slices"
	"strings"
)

// tokenForm is the form of a token with a known prefix. At least length letters, digits
// and signs follow the prefix.
type tokenForm struct {
	prefix string
	length int
	rest   func(rest string) bool // an additional check of the text after the prefix
}

// tokenForms are the token forms of common issuers. Some prefixes also start ordinary
// names, such as key-rotation-schedule. After these, the text must look random or have
// no signs.
var tokenForms = slices.Concat(
	forms(8, nil, `ghp_ gho_ ghu_ ghs_ ghr_ github_pat_ glpat- gldt- glrt- glcbt- glptt- glft- glimt- glagent- glsoat-
		glffct- gloas- whsec_ ya29. GOCSPX- AGE-SECRET-KEY-1 age-secret-key-1 dckr_pat_ dckr_oat_ sk-ant- sk-proj-
		sk-svcacct- sk-admin- sk-or-v1- GR1348941`),
	forms(6, nil, `xoxa- xoxb- xoxc- xoxd- xoxe- xoxe. xoxo- xoxp- xoxr- xoxs- xapp- sk_live_ sk_test_ rk_live_ rk_test_
		sk_prod_ rk_prod_`),
	forms(12, nil, `AKIA AGE-PLUGIN- pypi-AgE sq0atp- sq0csp- tskey- FLWSECK FlyV1 AVNS_ pscale_tkn_ pscale_pw_ pscale_oauth_
		sb_secret_ HRKU-AA dt0c01. dt0s16. amzn1.oa2-cs.v1. lsv2_pt_ lsv2_sk_ EAACEdEose0cBA APA91b AstraCS:`),
	forms(16, nil, `shpat_ shpss_ shpca_ shppa_ dop_v1_ doo_v1_ dor_v1_ dp.pt. dp.st. dp.ct. dp.sa. lin_api_ lin_oauth_ figd_ glsa_
		NRAK- NRJS- NRII- NRRA- ATATT3 ATCTT3 sntrys_ sntryu_ ops_eyJ sk.eyJ CCIPAT_ eyJ xkeysib- xsmtpsib- hvs. hvb. hvr.
		FwoGZXIvYXdzE IQoJb3JpZ2luX2 AQoDYXdzE KGAT_ v2.local. v4.local. b3BlbnNzaC1rZXktdjE sq0csb- duffel_test_ duffel_live_ sm_aat_ sm_pat_ sm_sat_ nvapi- fio-u- sha256~`),
	forms(20, isRandom, `npm_ rubygems_ pplx- gsk_ AIza SG. re_ r8_ xai- atlasv1. ntn_ glc_ ATBB PMAK- sbp_ amzn.mws. p8e-
		fo1_ fm2_ fm1a_ fm1r_ CFPAT- nfp_ shippo_live_ shippo_test_ sgp_ bkua_ sqp_ squ_ AKCp CLOJARS_ EZAK EZTK LTAI
		mk_live_ mk_test_ pnu_ rdme_ tk-us- tfp_ AQVN tvly- jina_ vcp_ vercel_ rnd_ cfut_ cfat_ dnkey- phx_ gitea_ mfa.
		zpka_ API- cio_ ctx7sk- access-production- access-sandbox- access-development- ico- railway_ rollbar_`),
	forms(28, isRandom, `sk- sk_ key- secret_ SK oy2 EAA pul- dapi 1//0 SUA live_ fc- AKID IGQV A3- np_`),
	forms(100, isPlain, `xprv`),
	forms(60, isRandom, `pat. sat. v1.0- sl.`),
	forms(16, isPlain, `ASIA ABIA ACCA A3T`),
	forms(24, isPlain, `s. hf_ api_org_`),
	forms(38, isPlain, `4b1d cmVmd ZXlK`),
)

func forms(length int, rest func(string) bool, prefixes string) []tokenForm {
	var all []tokenForm
	for prefix := range strings.FieldsSeq(prefixes) {
		all = append(all, tokenForm{prefix, length, rest})
	}
	return all
}

// isPlain reports whether a text has only letters and digits.
func isPlain(text string) bool {
	return strings.IndexFunc(text, func(r rune) bool { return r >= 128 || !isLetter(byte(r)) && !isDigit(byte(r)) }) < 0
}

// formsBy holds the forms by the first two bytes of their prefix.
var formsBy = func() map[[2]byte][]tokenForm {
	by := map[[2]byte][]tokenForm{}
	for _, form := range tokenForms {
		start := [2]byte([]byte(form.prefix[:2]))
		by[start] = append(by[start], form)
	}
	return by
}()

// tokens finds tokens with a known form.
func (f *finder) tokens() {
	for i := 0; i+2 < len(f.text); i++ {
		if !f.startsWord(i) {
			continue
		}
		for _, form := range formsBy[[2]byte{f.text[i], f.text[i+1]}] {
			if !strings.HasPrefix(f.text[i:], form.prefix) {
				continue
			}
			start := i + len(form.prefix)
			end := f.tokenEnd(start)
			if end-start >= form.length && (form.rest == nil || form.rest(f.text[start:min(end, start+longest)])) {
				f.add(i, end)
				i = end
				break
			}
		}
	}
	f.each(":AA", f.telegram)
	f.each("Q~", f.entra)
	f.each("-us", f.mailchimp)
	f.each("_mmk", f.maxmind)
	f.each("NRAL", f.newRelic)
	f.each("md5", f.postgresHash)
	f.each("*", f.mysqlHash)
	f.each("WIFI:", f.wifi)
	f.each(".", f.discord)
}

// tokenEnd returns the index of the first byte from i on that can't be part of a token.
func (f *finder) tokenEnd(i int) int {
	if i < f.token.From || i > f.token.To {
		f.token = Span{i, i}
		for f.token.To < len(f.text) && isTokenByte(f.text[f.token.To]) {
			f.token.To++
		}
	}
	return f.token.To
}

func isTokenByte(c byte) bool { return isNameByte(c) || strings.IndexByte("+/=~%", c) >= 0 }

// telegram finds a bot token: 123456789:AA…
func (f *finder) telegram(at int) int {
	start, end := at, at+1
	for start > 0 && isDigit(f.text[start-1]) {
		start--
	}
	for end < len(f.text) && isNameByte(f.text[end]) {
		end++
	}
	if at-start >= 8 && end-at >= 30 {
		f.add(start, end)
	}
	return end
}

// hashForms are the prefixes of password hashes in the formats of crypt and LDAP.
var hashForms = strings.Fields(`$1$ $2a$ $2b$ $2x$ $2y$ $5$ $6$ $y$ $7$ $gy$ $apr1$ $argon2i$ $argon2d$ $argon2id$
	$scrypt$ $pbkdf2 $P$ $H$ $S$ pbkdf2_sha bcrypt$ {SSHA {SHA} {SHA2 {SHA5 {SMD5} {MD5} {CRYPT} {PBKDF2 {ARGON2} {bcrypt} SCRAM-SHA-256$`)

// hashes finds password hashes, because passwords can be guessed from them.
func (f *finder) hashes() {
	if !strings.ContainsAny(f.text, "${") {
		return
	}
	for _, form := range hashForms {
		f.each(form, func(at int) int {
			end := f.end(at, blanks+`"'`)
			if end-at >= len(form)+8 && f.startsWord(at) {
				f.add(at, end)
			}
			return end
		})
	}
}
