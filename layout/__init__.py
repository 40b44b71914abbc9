# SPDX-License-Identifier: Apache-2.0
"""Layout generator: one YAML description of every register and memory structure, many outputs.

A description file has `groups` (named lists of fields), `spaces` (where the registers
of a space lie and repeat) and `layouts`. A layout has

  name, bits          short name (the prefix of the accessors) and size
  title, doc, section, source, status, switch, note
                      for people and for the compliance table; section names the reference
  fields, use, like   own fields, groups to take over, another layout whose fields to take over
  rest                reserved or ignored: what unlisted bits are; without it every bit must be listed
  variants            forms of the layout that differ in their reserved bits
  opcode, code        of a command or an event record
  space, offset, width, gate, access, count, first, stride
                      of a register: mmio, vf (one guest's page), vfc (one guest's control block), ctr (one counter)
                      or pci; access is the default for its fields: rw, ro, rw1c, or custom (a write may be refused)

and a field has

  name, id            the term of the specification; the accessor's name follows from it unless id is given
  bits or pieces      "11:9", or several {bits, at} of a value that is scattered
  address             the value keeps its place, so that it can be used as an address
  view                another reading of bits that belong to other fields too, and when it applies
  gate                feature without which the bits are reserved (in a register: read 0)
  reserved, ignored, reserved_in, ignored_in
                      always, or in some variants
  values, access, reset, doc, section, source, status, switch, note

A gate is an expression over fields of EFR, EFR2 and the capability header: `efr.GTSup and not efr2.TMPMSup`.
"""
