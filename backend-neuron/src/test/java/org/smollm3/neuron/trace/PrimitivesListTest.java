package org.smollm3.neuron.trace;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Test;
import org.smollm3.spi.Collectives;
import org.smollm3.spi.TensorOps;

class PrimitivesListTest {
  private static final List<Class<?>> TESTS =
      List.of(
          ElementwisePrimitivesTest.class,
          LayoutPrimitivesTest.class,
          ContractionPrimitivesTest.class,
          IndexedPrimitivesTest.class,
          CollectivePrimitivesTest.class);

  @Test
  void everyPrimitiveHasAPropertyOfItsName() {
    Set<String> primitives = new TreeSet<>();
    for (Class<?> contract : List.of(TensorOps.class, Collectives.class)) {
      Arrays.stream(contract.getDeclaredMethods())
          .filter(method -> Modifier.isAbstract(method.getModifiers()))
          .map(Method::getName)
          .filter(name -> !name.equals("barrier"))
          .forEach(primitives::add);
    }
    Set<String> properties = new TreeSet<>();
    TESTS.stream()
        .flatMap(test -> Stream.of(test.getDeclaredMethods()))
        .filter(method -> method.isAnnotationPresent(Property.class))
        .map(Method::getName)
        .forEach(properties::add);

    assertThat(properties).isEqualTo(primitives);
  }
}
