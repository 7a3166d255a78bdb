import Arrays
import Testing

@Suite struct NumberTextTests {
  @Test func whatIsNoNumberHasNoSign() {
    #expect((-Double.nan).text == "nan" && (-Double.infinity).text == "-inf" && 0.5.text == "0.5")
  }
}
