package source

import "github.com/confo-sync/confo-sync/plan"

// encryptNew encrypts the sensitive values that are new in a file. JSON can't have encrypted
// values.
func (r *reviser) encryptNew(rev *Revision, f *Revised) error {
	if r.opts.Encrypt == nil || f.After == nil || f.unit.json {
		return nil
	}
	done, err := File{unit: f.unit, data: f.After}.encryptNew(f.Before, r.opts.Sensitivity, r.opts.Encrypt)
	if err != nil {
		return err
	}
	f.After = done.After
	rev.EncryptedNew += len(done.Fields)
	return nil
}

// encryptNew encrypts the sensitive values in a file that its content before does not have in
// plain text in the same configuration.
func (f File) encryptNew(before []byte, s plan.Sensitivity, encrypt func(text string) (string, error)) (*Ciphered, error) {
	c, err := f.unit.cipher(f.data)
	if err != nil {
		return nil, err
	}
	had := map[string]bool{}
	place := func(levels []string, d *draft) string {
		if f.unit.config != "" || len(levels) == 0 {
			return "/" + d.Text
		}
		return encodeName(levels[0]) + "/" + d.Text
	}
	if old, err := f.unit.cipher(before); err == nil {
		old.have.each(nil, func(levels []string, d *draft) {
			if canEncrypt(d) {
				had[place(levels, d)] = true
			}
		})
	}
	sensitive := f.unit.sensitive(c.have, s)
	c.have.each(nil, func(levels []string, d *draft) {
		if had[place(levels, d)] {
			delete(sensitive, d)
		}
	})
	chosen, err := f.chosen(c, nil, func(d *draft) bool { return sensitive[d] }, canEncrypt)
	if err != nil {
		return nil, err
	}
	return f.encrypt(c, chosen, encrypt)
}
