package store

import (
	"context"

	"mainbus/controller/ledger"
)

func (l loader) policy() error {
	var p ledger.Policy
	err := l.each("SELECT strict, fair, most, aging, burst, rate FROM policy", func(scan scanFunc) error {
		l.b.Policy = &p
		return scan(&p.Default.Strict, &p.Default.Fair, &p.Default.Limit, &p.Aging, &p.Growth.Burst, &p.Growth.Rate)
	})
	if err != nil || l.b.Policy == nil {
		return err
	}
	err = l.each("SELECT name, quality, strict, fair, most FROM policy_item ORDER BY name, quality", func(scan scanFunc) error {
		var i ledger.ItemRule
		err := scan(&i.Name, &i.Quality, &i.Strict, &i.Fair, &i.Limit)
		p.Items = append(p.Items, i)
		return err
	})
	if err != nil {
		return err
	}
	err = l.each("SELECT slot, priority, weight FROM policy_slot ORDER BY slot", func(scan scanFunc) error {
		var s ledger.SlotRule
		err := scan(&s.Slot, &s.Priority, &s.Weight)
		p.Slots = append(p.Slots, s)
		return err
	})
	if err != nil {
		return err
	}
	return l.each("SELECT slot, name, quality, qty FROM policy_reserve ORDER BY slot, name, quality", func(scan scanFunc) error {
		var v ledger.Reserve
		err := scan(&v.Slot, &v.Item.Name, &v.Item.Quality, &v.Qty)
		p.Reserves = append(p.Reserves, v)
		return err
	})
}

// putPolicy replaces the policy. People change it now and then, so the statements are not kept prepared.
func (r *rowWriter) putPolicy(p ledger.Policy) error {
	exec := func(query string, args ...any) error {
		_, err := r.conn.ExecContext(context.Background(), query, args...)
		return err
	}
	if err := exec("DELETE FROM policy; DELETE FROM policy_item; DELETE FROM policy_slot; DELETE FROM policy_reserve"); err != nil {
		return err
	}
	err := exec("INSERT INTO policy(id, strict, fair, most, aging, burst, rate) VALUES (1, ?, ?, ?, ?, ?, ?)",
		p.Default.Strict, p.Default.Fair, p.Default.Limit, p.Aging, p.Growth.Burst, p.Growth.Rate)
	for _, i := range p.Items {
		if err == nil {
			err = exec("INSERT INTO policy_item(name, quality, strict, fair, most) VALUES (?, ?, ?, ?, ?)", i.Name, i.Quality, i.Strict, i.Fair, i.Limit)
		}
	}
	for _, s := range p.Slots {
		if err == nil {
			err = exec("INSERT INTO policy_slot(slot, priority, weight) VALUES (?, ?, ?)", s.Slot, s.Priority, s.Weight)
		}
	}
	for _, v := range p.Reserves {
		if err == nil {
			err = exec("INSERT INTO policy_reserve(slot, name, quality, qty) VALUES (?, ?, ?, ?)", v.Slot, v.Item.Name, v.Item.Quality, v.Qty)
		}
	}
	return err
}
