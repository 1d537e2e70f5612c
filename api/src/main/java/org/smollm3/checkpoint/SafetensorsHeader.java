package org.smollm3.checkpoint;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.smollm3.error.InvalidModelException;
import org.smollm3.json.StrictJson;
import org.smollm3.json.Text;
import org.smollm3.tensor.DType;
import org.smollm3.tensor.Shape;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.json.JsonFactory;

/** The JSON part of a safetensors file; each tensor's own rules hold once it is read. */
final class SafetensorsHeader {
  /** The rank that PyTorch can hold; a limit keeps a hostile header from filling the heap. */
  private static final int MAX_RANK = 64;

  private static final String METADATA = "__metadata__";
  private static final JsonFactory JSON = new JsonFactory();

  private final String location;
  private final Map<String, Entry> entries = new LinkedHashMap<>();
  private @Nullable Map<String, String> metadata;

  /** Where a tensor's bytes are, relative to the end of the header; {@code end} is exclusive. */
  record Entry(String name, DType dtype, Shape shape, long begin, long end) {}

  private SafetensorsHeader(String location) {
    this.location = location;
  }

  static SafetensorsHeader read(MemorySegment bytes, String location) {
    SafetensorsHeader header = new SafetensorsHeader(location);
    String json = header.decode(bytes);
    try (JsonParser parser = JSON.createParser(ObjectReadContext.empty(), json)) {
      parser.nextToken();
      header.readObject(parser);
      if (parser.nextToken() != null) {
        throw header.error("the header goes on after its JSON object");
      }
    } catch (JacksonException e) {
      throw new InvalidModelException(
          location + ": the header is not valid JSON: " + StrictJson.describe(e), e);
    }
    return header;
  }

  private String decode(MemorySegment bytes) {
    if (bytes.byteSize() == 0 || bytes.get(ValueLayout.JAVA_BYTE, 0) != '{') {
      throw error("the header does not begin with '{'");
    }
    try {
      return StandardCharsets.UTF_8
          .newDecoder()
          .decode(ByteBuffer.wrap(bytes.toArray(ValueLayout.JAVA_BYTE)))
          .toString();
    } catch (CharacterCodingException e) {
      throw new InvalidModelException(location + ": the header is not UTF-8", e);
    }
  }

  private void readObject(JsonParser parser) {
    while (parser.nextToken() == JsonToken.PROPERTY_NAME) {
      String name = parser.currentName();
      parser.nextToken();
      if (name.equals(METADATA)) {
        if (metadata != null) {
          throw error("the key '" + METADATA + "' is there twice");
        }
        metadata = readMetadata(parser);
      } else if (entries.put(name, readEntry(parser, name)) != null) {
        throw tensorError(name, "is there twice");
      }
    }
  }

  private Map<String, String> readMetadata(JsonParser parser) {
    if (parser.currentToken() != JsonToken.START_OBJECT) {
      throw error("'" + METADATA + "' is no object");
    }
    Map<String, String> values = new LinkedHashMap<>();
    while (parser.nextToken() == JsonToken.PROPERTY_NAME) {
      String key = parser.currentName();
      if (parser.nextToken() != JsonToken.VALUE_STRING) {
        throw error("'" + METADATA + "' has no string at " + Text.quote(key));
      }
      if (values.put(key, parser.getString()) != null) {
        throw error("'" + METADATA + "' has the key " + Text.quote(key) + " twice");
      }
    }
    return values;
  }

  private Entry readEntry(JsonParser parser, String name) {
    if (parser.currentToken() != JsonToken.START_OBJECT) {
      throw tensorError(name, "is described by no object");
    }
    Optional<DType> dtype = Optional.empty();
    Optional<long[]> shape = Optional.empty();
    Optional<long[]> offsets = Optional.empty();
    while (parser.nextToken() == JsonToken.PROPERTY_NAME) {
      String field = parser.currentName();
      parser.nextToken();
      boolean twice;
      switch (field) {
        case "dtype" -> {
          twice = dtype.isPresent();
          dtype = Optional.of(readDType(parser, name));
        }
        case "shape" -> {
          twice = shape.isPresent();
          shape = Optional.of(readSizes(parser, name, field, MAX_RANK));
        }
        case "data_offsets" -> {
          twice = offsets.isPresent();
          offsets = Optional.of(readSizes(parser, name, field, 2));
        }
        default -> throw tensorError(name, "has an unknown field " + Text.quote(field));
      }
      if (twice) {
        throw tensorError(name, "has the field '" + field + "' twice");
      }
    }
    return entry(
        name,
        dtype.orElseThrow(() -> tensorError(name, "has no dtype")),
        shape.orElseThrow(() -> tensorError(name, "has no shape")),
        offsets.orElseThrow(() -> tensorError(name, "has no data_offsets")));
  }

  private DType readDType(JsonParser parser, String name) {
    if (parser.currentToken() != JsonToken.VALUE_STRING) {
      throw tensorError(name, "has a dtype that is no string");
    }
    String text = parser.getString();
    return DType.byName(text)
        .orElseThrow(
            () ->
                tensorError(
                    name,
                    "has the unknown dtype "
                        + Text.quote(text)
                        + "; known are "
                        + Arrays.toString(DType.values())));
  }

  private long[] readSizes(JsonParser parser, String name, String field, int most) {
    if (parser.currentToken() != JsonToken.START_ARRAY) {
      throw tensorError(name, "has a " + field + " that is no list");
    }
    long[] sizes = new long[most];
    int count = 0;
    while (parser.nextToken() != JsonToken.END_ARRAY) {
      if (parser.currentToken() != JsonToken.VALUE_NUMBER_INT) {
        throw tensorError(name, "has a " + field + " with something that is no whole number");
      }
      if (count == most) {
        throw tensorError(name, "has a " + field + " of more than " + most + " numbers");
      }
      if (parser.getNumberType() == JsonParser.NumberType.BIG_INTEGER) {
        throw tensorError(
            name,
            "has a " + field + " with " + Text.oneLine(parser.getString()) + ", out of range");
      }
      long size = parser.getLongValue();
      if (size < 0) {
        throw tensorError(name, "has a " + field + " with the negative " + size);
      }
      sizes[count++] = size;
    }
    return Arrays.copyOf(sizes, count);
  }

  private Entry entry(String name, DType dtype, long[] dims, long[] offsets) {
    if (offsets.length != 2) {
      throw tensorError(name, "has data_offsets of " + offsets.length + " numbers, wanted 2");
    }
    long begin = offsets[0];
    long end = offsets[1];
    if (end < begin) {
      throw tensorError(name, "ends at byte " + end + ", before it starts at " + begin);
    }
    Shape shape = Shape.of(dims);
    long bytes;
    try {
      bytes = Math.multiplyExact(shape.elementCount(), dtype.byteSize());
    } catch (ArithmeticException e) {
      throw new InvalidModelException(
          location + ": tensor " + Text.quote(name) + " has the shape " + shape + ", too large", e);
    }
    if (end - begin != bytes) {
      throw tensorError(
          name, "has " + (end - begin) + " bytes, but " + dtype + shape + " needs " + bytes);
    }
    return new Entry(name, dtype, shape, begin, end);
  }

  /** The tensors in the order of their bytes; an empty one comes before the one it touches. */
  List<Entry> sorted() {
    return entries.values().stream()
        .sorted(Comparator.comparingLong(Entry::begin).thenComparingLong(Entry::end))
        .toList();
  }

  Map<String, String> metadata() {
    return metadata == null ? Map.of() : metadata;
  }

  private InvalidModelException error(String problem) {
    return new InvalidModelException(location + ": " + problem);
  }

  InvalidModelException tensorError(String name, String problem) {
    return error("tensor " + Text.quote(name) + " " + problem);
  }
}
