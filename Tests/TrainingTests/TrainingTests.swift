// Training tests
