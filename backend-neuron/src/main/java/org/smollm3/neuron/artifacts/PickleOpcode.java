package org.smollm3.neuron.artifacts;

import java.util.Optional;

/**
 * The opcodes that PyTorch's serialiser writes, and by name those others that Python knows, for
 * messages. Source: the module pickletools of Python.
 */
enum PickleOpcode {
  MARK('('),
  STOP('.'),
  NONE('N'),
  BININT('J'),
  BININT1('K'),
  BININT2('M'),
  BINFLOAT('G'),
  BINUNICODE('X'),
  BINPERSID('Q'),
  REDUCE('R'),
  BUILD('b'),
  GLOBAL('c'),
  EMPTY_DICT('}'),
  APPENDS('e'),
  BINGET('h'),
  LONG_BINGET('j'),
  EMPTY_LIST(']'),
  BINPUT('q'),
  LONG_BINPUT('r'),
  TUPLE('t'),
  EMPTY_TUPLE(')'),
  SETITEMS('u'),
  PROTO(0x80),
  NEWOBJ(0x81),
  TUPLE1(0x85),
  TUPLE2(0x86),
  TUPLE3(0x87),
  NEWTRUE(0x88),
  NEWFALSE(0x89),
  LONG1(0x8A);

  private static final String[] OTHERS = {
    "POP:30",
    "POP_MARK:31",
    "DUP:32",
    "FLOAT:46",
    "INT:49",
    "LONG:4c",
    "PERSID:50",
    "STRING:53",
    "BINSTRING:54",
    "SHORT_BINSTRING:55",
    "UNICODE:56",
    "BINBYTES:42",
    "SHORT_BINBYTES:43",
    "APPEND:61",
    "DICT:64",
    "GET:67",
    "INST:69",
    "LIST:6c",
    "OBJ:6f",
    "PUT:70",
    "SETITEM:73",
    "EXT1:82",
    "EXT2:83",
    "EXT4:84",
    "LONG4:8b",
    "SHORT_BINUNICODE:8c",
    "BINUNICODE8:8d",
    "BINBYTES8:8e",
    "EMPTY_SET:8f",
    "ADDITEMS:90",
    "FROZENSET:91",
    "NEWOBJ_EX:92",
    "STACK_GLOBAL:93",
    "MEMOIZE:94",
    "FRAME:95",
    "BYTEARRAY8:96",
    "NEXT_BUFFER:97",
    "READONLY_BUFFER:98"
  };

  private final int code;

  PickleOpcode(int code) {
    this.code = code;
  }

  /** The byte that stands for it. */
  int code() {
    return code;
  }

  static Optional<PickleOpcode> of(int code) {
    for (PickleOpcode opcode : values()) {
      if (opcode.code == code) {
        return Optional.of(opcode);
      }
    }
    return Optional.empty();
  }

  /** What an opcode that is not read is called, with its number. */
  static String describe(int code) {
    String hex = String.format("%02x", code);
    for (String other : OTHERS) {
      if (other.endsWith(":" + hex)) {
        return other.substring(0, other.indexOf(':')) + " (0x" + hex + ")";
      }
    }
    return "0x" + hex;
  }
}
