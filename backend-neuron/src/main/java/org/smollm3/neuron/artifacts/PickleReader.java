package org.smollm3.neuron.artifacts;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.smollm3.error.InvalidModelException;
import org.smollm3.neuron.artifacts.PickleValue.Bytes;
import org.smollm3.neuron.artifacts.PickleValue.Dictionary;
import org.smollm3.neuron.artifacts.PickleValue.Global;
import org.smollm3.neuron.artifacts.PickleValue.Instance;
import org.smollm3.neuron.artifacts.PickleValue.Persistent;
import org.smollm3.neuron.artifacts.PickleValue.Plain;
import org.smollm3.neuron.artifacts.PickleValue.Sequence;
import org.smollm3.neuron.artifacts.PickleValue.Whole;

/**
 * Reads a pickle of the kind that PyTorch writes, and executes nothing of it: the machine has a
 * stack and a memo, and its opcodes make descriptions only. Any opcode that PyTorch does not write
 * is an error.
 */
final class PickleReader {
  /** Opcodes, each of which may take memory; a model of many layers and ranks has some 100,000. */
  private static final int MOST_STEPS = 4_000_000;

  private static final int LONGEST_NAME = 1000;

  private static final ValueLayout.OfInt U32 =
      ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfShort U16 =
      ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  private final MemorySegment bytes;
  private final String location;
  private final List<PickleValue> stack = new ArrayList<>();
  private final List<Integer> marks = new ArrayList<>();
  private final Map<Long, PickleValue> memo = new HashMap<>();
  private long at;

  private PickleReader(MemorySegment bytes, String location) {
    this.bytes = bytes;
    this.location = location;
  }

  /**
   * The one value that a pickle describes. Its strings are slices of the bytes.
   *
   * @param location how messages name the pickle
   * @throws InvalidModelException naming the opcode and its place where it cannot be read
   */
  static PickleValue read(MemorySegment bytes, String location) {
    return new PickleReader(bytes, location).read();
  }

  private PickleValue read() {
    for (int steps = 0; steps < MOST_STEPS; steps++) {
      int code = u8();
      PickleOpcode opcode =
          PickleOpcode.of(code)
              .orElseThrow(
                  () ->
                      bad(
                          "uses the opcode "
                              + PickleOpcode.describe(code)
                              + ", which PyTorch does not write"));
      if (opcode == PickleOpcode.STOP) {
        PickleValue result = pop();
        if (!stack.isEmpty() || !marks.isEmpty()) {
          throw bad("stops with more than one value");
        }
        return result;
      }
      step(opcode);
    }
    throw bad("has more than " + MOST_STEPS + " opcodes");
  }

  private void step(PickleOpcode opcode) {
    switch (opcode) {
      case PROTO -> {
        int version = u8();
        if (version != 2) {
          throw bad("has protocol " + version + "; PyTorch writes 2");
        }
      }
      case MARK -> marks.add(stack.size());
      case NONE -> push(Plain.NONE);
      case NEWTRUE -> push(Plain.TRUE);
      case NEWFALSE -> push(Plain.FALSE);
      case BINFLOAT -> {
        take(Double.BYTES);
        push(Plain.FLOAT);
      }
      case BININT1 -> push(new Whole(u8()));
      case BININT2 -> push(new Whole(bytes.get(U16, take(Short.BYTES)) & 0xFFFF));
      case BININT -> push(new Whole(bytes.get(U32, take(Integer.BYTES))));
      case LONG1 -> push(new Whole(long1()));
      case BINUNICODE -> {
        long length = u32();
        push(new Bytes(bytes.asSlice(take(length), length)));
      }
      case GLOBAL -> push(new Global(line(), line()));
      case BINPERSID -> push(new Persistent(pop()));
      case EMPTY_DICT -> push(new Dictionary());
      case EMPTY_LIST, EMPTY_TUPLE -> push(new Sequence(List.of()));
      case TUPLE -> push(new Sequence(popToMark()));
      case TUPLE1 -> push(new Sequence(popLast(1)));
      case TUPLE2 -> push(new Sequence(popLast(2)));
      case TUPLE3 -> push(new Sequence(popLast(3)));
      case APPENDS -> append();
      case SETITEMS -> setItems();
      case NEWOBJ, REDUCE -> {
        PickleValue arguments = pop();
        push(new Instance(pop(), arguments));
      }
      case BUILD -> {
        PickleValue state = pop();
        if (!(top() instanceof Instance instance)) {
          throw bad("gives a state to something that is no object");
        }
        instance.build(state);
      }
      case BINPUT -> memo.put((long) u8(), top());
      case LONG_BINPUT -> memo.put(u32(), top());
      case BINGET -> push(remembered(u8()));
      case LONG_BINGET -> push(remembered(u32()));
      case STOP -> throw new IllegalStateException("read before");
    }
  }

  private void append() {
    List<PickleValue> items = popToMark();
    if (!(top() instanceof Sequence list)) {
      throw bad("appends to something that is no list");
    }
    list.addAll(items);
  }

  private void setItems() {
    List<PickleValue> items = popToMark();
    if (!(top() instanceof Dictionary dictionary) || items.size() % 2 != 0) {
      throw bad("sets items of something that is no dict, or a key without a value");
    }
    for (int i = 0; i < items.size(); i += 2) {
      dictionary.put(items.get(i), items.get(i + 1));
    }
  }

  private void push(PickleValue value) {
    stack.add(value);
  }

  private int floor() {
    return marks.isEmpty() ? 0 : marks.getLast();
  }

  private PickleValue top() {
    if (stack.size() <= floor()) {
      throw bad("takes a value where there is none");
    }
    return stack.getLast();
  }

  private PickleValue pop() {
    PickleValue value = top();
    stack.removeLast();
    return value;
  }

  private List<PickleValue> popLast(int count) {
    if (stack.size() - floor() < count) {
      throw bad("takes " + count + " values where there are fewer");
    }
    return popFrom(stack.size() - count);
  }

  private List<PickleValue> popToMark() {
    if (marks.isEmpty()) {
      throw bad("takes values down to a mark where there is none");
    }
    return popFrom(marks.removeLast());
  }

  private List<PickleValue> popFrom(int start) {
    List<PickleValue> tail = stack.subList(start, stack.size());
    List<PickleValue> values = List.copyOf(tail);
    tail.clear();
    return values;
  }

  private PickleValue remembered(long index) {
    PickleValue value = memo.get(index);
    if (value == null) {
      throw bad("refers to memo " + index + ", which is empty");
    }
    return value;
  }

  /** Little-endian two's complement of up to 8 bytes. */
  private long long1() {
    int length = u8();
    if (length > Long.BYTES) {
      throw bad("has an integer of " + length + " bytes; at most 8 are read");
    }
    long start = take(length);
    long value = 0;
    for (int i = length - 1; i >= 0; i--) {
      byte next = bytes.get(ValueLayout.JAVA_BYTE, start + i);
      value = i == length - 1 ? next : (value << Byte.SIZE) | (next & 0xFF);
    }
    return value;
  }

  /** A line of text, which ends in a line feed. */
  private String line() {
    long start = at;
    for (int length = 0; length <= LONGEST_NAME; length++) {
      if (u8() == '\n') {
        byte[] text = bytes.asSlice(start, length).toArray(ValueLayout.JAVA_BYTE);
        return new String(text, StandardCharsets.UTF_8);
      }
    }
    throw bad("has a name of more than " + LONGEST_NAME + " bytes");
  }

  private int u8() {
    return bytes.get(ValueLayout.JAVA_BYTE, take(1)) & 0xFF;
  }

  private long u32() {
    return Integer.toUnsignedLong(bytes.get(U32, take(Integer.BYTES)));
  }

  private long take(long count) {
    if (count > bytes.byteSize() - at) {
      throw bad("ends where " + count + " more bytes are wanted");
    }
    long start = at;
    at += count;
    return start;
  }

  private InvalidModelException bad(String what) {
    return new InvalidModelException(location + ": the pickle " + what + " (at byte " + at + ")");
  }
}
