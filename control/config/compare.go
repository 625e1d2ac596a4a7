// Comparing finds out whether something is still the same after it was read again.

package config

import (
	"reflect"
	"slices"
)

// Same says whether two routers are the same, wherever they were written.
func (r *Router) Same(o *Router) bool {
	return same(reflect.ValueOf(r).Elem(), reflect.ValueOf(o).Elem())
}

// Same says whether two configurations are the same, wherever they were written.
func (c *Config) Same(o *Config) bool {
	return same(reflect.ValueOf(c.placeless()), reflect.ValueOf(o.placeless()))
}

// placeless is a configuration without what names places in words.
func (c *Config) placeless() Config {
	out := *c
	out.base, out.Routers = nil, slices.Clone(c.Routers)
	for i := range out.Routers {
		if r := &out.Routers[i]; r.Fault != "" {
			r.Fault = "some"
		}
	}
	return out
}

// same compares values deeply, but for places in files.
func same(a, b reflect.Value) bool {
	switch a.Kind() {
	case reflect.Pointer, reflect.Interface:
		if a.IsNil() || b.IsNil() {
			return a.IsNil() == b.IsNil()
		}
		return same(a.Elem(), b.Elem())
	case reflect.Struct:
		if a.Type() == reflect.TypeFor[Pos]() {
			return true
		}
		if a.Comparable() && a.Equal(b) {
			return true
		}
		for i := range a.NumField() {
			if !same(a.Field(i), b.Field(i)) {
				return false
			}
		}
		return !opaque(a)
	case reflect.Slice:
		if a.Len() != b.Len() {
			return false
		}
		for i := range a.Len() {
			if !same(a.Index(i), b.Index(i)) {
				return false
			}
		}
		return true
	case reflect.Map:
		if a.Len() != b.Len() {
			return false
		}
		for _, key := range a.MapKeys() {
			if other := b.MapIndex(key); !other.IsValid() || !same(a.MapIndex(key), other) {
				return false
			}
		}
		return true
	}
	return a.Equal(b)
}

// opaque says that a struct is another package's value, such as an address, which is equal as a whole or not.
func opaque(v reflect.Value) bool {
	return v.NumField() > 0 && !v.Type().Field(0).IsExported() && v.Comparable()
}

// equal is same for values of any type.
func equal(a, b any) bool { return same(reflect.ValueOf(&a).Elem(), reflect.ValueOf(&b).Elem()) }
