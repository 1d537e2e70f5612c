package org.smollm3.neuron.simulator;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.function.Function;
import org.smollm3.neuron.nrt.NrtFunction;
import org.smollm3.neuron.nrt.NrtStatus;

/**
 * C functions that call Java. Nothing may be thrown into native code, which would end the JVM:
 * whatever a function throws becomes a status.
 */
final class Stubs {
  /** A simulated function. */
  interface Body {
    /** Returns what the C function returns; anything for one that returns nothing. */
    Object call(Arguments arguments);
  }

  // The stubs go when nobody can call them any more, never before.
  private final Arena arena = Arena.ofAuto();
  private final Map<NrtFunction, MemorySegment> addresses = new EnumMap<>(NrtFunction.class);
  private final CallLog log;

  Stubs(CallLog log) {
    this.log = log;
  }

  Map<NrtFunction, MemorySegment> addresses() {
    return Map.copyOf(addresses);
  }

  void add(NrtFunction function, Body body) {
    addresses.put(
        function,
        stub(
            function.descriptor(),
            arguments -> logged(function, body, new Arguments(List.of(arguments)))));
  }

  /** A stub whose body throws nothing. */
  MemorySegment plain(FunctionDescriptor descriptor, Body body) {
    return stub(descriptor, arguments -> body.call(new Arguments(List.of(arguments))));
  }

  private Object logged(NrtFunction function, Body body, Arguments arguments) {
    log.begin();
    Object result;
    String message = "";
    try {
      result = body.call(arguments);
    } catch (StatusException e) {
      result = failed(function, e.status());
      message = e.reason();
    } catch (OutOfMemoryError e) {
      result = failed(function, NrtStatus.RESOURCE);
      message = e.toString();
    } catch (Throwable e) {
      result = failed(function, NrtStatus.FAILURE);
      message = e.toString();
    }
    OptionalInt status =
        returnsStatus(function) ? OptionalInt.of((Integer) result) : OptionalInt.empty();
    log.end(new Call(function, arguments.values(), status, message));
    return result;
  }

  private static boolean returnsStatus(NrtFunction function) {
    return function.descriptor().returnLayout().filter(ValueLayout.JAVA_INT::equals).isPresent();
  }

  private static Object failed(NrtFunction function, NrtStatus status) {
    return switch (function.descriptor().returnLayout().orElse(ValueLayout.JAVA_INT)) {
      case ValueLayout.OfLong size -> 0L;
      case ValueLayout.OfInt code -> status.code();
      default -> MemorySegment.NULL;
    };
  }

  private MemorySegment stub(FunctionDescriptor descriptor, Function<Object[], Object> target) {
    MethodHandle handle =
        apply()
            .bindTo(target)
            .asType(MethodType.methodType(Object.class, Object[].class))
            .asCollector(Object[].class, descriptor.argumentLayouts().size())
            .asType(descriptor.toMethodType());
    return Linker.nativeLinker().upcallStub(handle, descriptor, arena);
  }

  private static MethodHandle apply() {
    try {
      return MethodHandles.lookup()
          .findVirtual(Function.class, "apply", MethodType.methodType(Object.class, Object.class));
    } catch (NoSuchMethodException | IllegalAccessException e) {
      throw new IllegalStateException(e);
    }
  }
}
