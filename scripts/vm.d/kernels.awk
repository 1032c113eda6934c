# Reads Packages files of a Debian archive, and prints the kernels of which all packages can be downloaded:
#   SERIES VERSION RELEASE PACKAGE=VERSION...
# Up to 6.18 a kernel is one package. Later kernels are split, and of old builds the archive may lack some packages.
# Unsigned builds, which appear days before the signed builds, also boot in guests.

BEGIN { FS = ": " }
$1 == "Package" { package = $2 }
$1 == "Version" { version = $2 }
$1 == "Depends" { depends = $2 }
$0 == "" { stanza() }
END {
  stanza()
  for (kernel in kernels) print_kernel(kernel)
}

function stanza(part, release) {
  if (package ~ /^linux-(image|binary|binary-unsigned|modules|base)-[0-9].*-cloud-amd64$/) {
    match(package, /-[0-9]/)
    part = substr(package, 7, RSTART - 7)
    release = substr(package, RSTART + 1)
    if (part != "image" || depends !~ /linux-binary-/) {
      kernels[release " " version]
      has[part, release, version]
    }
  }
  package = version = depends = ""
}

function print_kernel(kernel, words, release, version, numbers, packages) {
  split(kernel, words, " ")
  release = words[1]
  version = words[2]
  if (("image", release, version) in has) {
    packages = name("image", release, version)
  } else if ((("modules", release, version) in has) && (("base", release, version) in has)) {
    if (("binary", release, version) in has) {
      packages = name("binary", release, version)
    } else if (("binary-unsigned", release, version) in has) {
      packages = name("binary-unsigned", release, version)
    } else {
      return
    }
    packages = packages " " name("modules", release, version) " " name("base", release, version)
  } else {
    return
  }
  split(release, numbers, /[.+-]/)
  print numbers[1] "." numbers[2], version, release, packages
}

function name(part, release, version) {
  return "linux-" part "-" release "=" version
}
