@main struct DescentCommand { static func main() {} }
