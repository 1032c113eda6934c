# Installation and packages (docs/installation.md). All targets use the .build/uringtop that `make
# release` built.

PREFIX ?= /usr/local
# The date of all manual pages and packages. It is the date of the commit, so that the same source
# always gives the same files.
ifndef SOURCE_DATE_EPOCH
SOURCE_DATE_EPOCH := $(shell git log -1 --format=%ct 2>/dev/null || stat -c %Y CHANGELOG.md)
endif
export SOURCE_DATE_EPOCH
# The maintainer is the author of the last commit, as in docs/security.md.
ifndef MAINTAINER
MAINTAINER := $(shell git log -1 --format='%an <%ae>' 2>/dev/null)
endif
export MAINTAINER
STAGE = .build/stage
RELEASE = uringtop-$(shell .build/uringtop --version)-linux-$(shell uname -m)
DEB = .build/packages/uringtop_$(shell .build/uringtop --version)_$(shell dpkg --print-architecture).deb

.PHONY: setup-package man completions licenses stage check-stage install uninstall deb dist package-test

setup-package:
	scripts/install-packages package

.build/uringtop:
	@echo 'run make release first' >&2; exit 1

# Writes a manual page for each command to .build/man.
man: .build/uringtop
	scripts/man-pages .build/uringtop .build/man $(PREFIX)/share/doc/uringtop

# Writes the shell completions. The `#!` line for bash is removed, because completions are not
# executable.
completions: .build/uringtop
	mkdir -p .build/completions
	for shell in bash zsh fish; do \
	  .build/uringtop --generate-completion-script $$shell >.build/completions/uringtop.$$shell || exit 1; \
	done
	sed -i '1{/^#!/d}' .build/completions/uringtop.bash

# Collects the licence texts of everything that is linked into .build/uringtop.
licenses: .build/uringtop
	scripts/licenses .build/static/link.map .build/licenses

# Collects all files of an installation. During `sudo make install`, changes the owner of the new
# files in .build to the user who called sudo.
stage: man completions licenses
	scripts/stage $(PREFIX) $(STAGE)
	@[ -z "$$SUDO_UID" ] || chown -R "$$SUDO_UID:$$SUDO_GID" .build/man .build/completions .build/licenses $(STAGE)

# Checks the names of all installed files, the manual pages and the licences.
check-stage: stage
	scripts/check-stage $(STAGE) $(PREFIX)

# Installs uringtop, for example: make install PREFIX=/usr DESTDIR=/tmp/root
install: stage
	scripts/install-stage install $(STAGE) '$(DESTDIR)' $(PREFIX)

uninstall:
	scripts/install-stage uninstall '$(DESTDIR)' $(PREFIX)

# Builds a Debian package, .build/packages/*.deb.
deb:
	ZSHDIR=/usr/share/zsh/vendor-completions $(MAKE) -s stage PREFIX=/usr STAGE=.build/stage-deb
	scripts/deb .build/stage-deb $(DEB)

# Builds an archive of all files for other distributions, and its checksum. Users unpack it in
# /usr/local.
dist:
	$(MAKE) -s stage PREFIX=/usr/local STAGE=.build/stage-dist
	mkdir -p .build/packages
	tar -C .build/stage-dist/usr/local --sort=name --mtime=@$(SOURCE_DATE_EPOCH) --owner=0 --group=0 --numeric-owner \
	  --transform 's#^\.#$(RELEASE)#' -cJf .build/packages/$(RELEASE).tar.xz .
	cd .build/packages && sha256sum $(RELEASE).tar.xz >$(RELEASE).tar.xz.sha256

# Installs, uses and removes the packages in clean Debian systems. Needs root and the package archive; takes minutes.
package-test: setup-package deb dist
	scripts/install-packages package-test
	scripts/package-test
