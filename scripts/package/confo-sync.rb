# The Homebrew formula. scripts/package/build fills in the version and the checksums.
class ConfoSync < Formula
  desc "Configuration as code for Confo, in ZooKeeper or in files"
  homepage "https://github.com/confo-sync/confo-sync"
  version "@VERSION@"
  license "Apache-2.0"

  on_macos do
    on_arm do
      url "https://github.com/confo-sync/confo-sync/releases/download/v@VERSION@/confo-sync_@VERSION@_darwin_arm64.tar.gz"
      sha256 "@SHA256_darwin_arm64@"
    end
    on_intel do
      url "https://github.com/confo-sync/confo-sync/releases/download/v@VERSION@/confo-sync_@VERSION@_darwin_amd64.tar.gz"
      sha256 "@SHA256_darwin_amd64@"
    end
  end
  on_linux do
    on_arm do
      url "https://github.com/confo-sync/confo-sync/releases/download/v@VERSION@/confo-sync_@VERSION@_linux_arm64.tar.gz"
      sha256 "@SHA256_linux_arm64@"
    end
    on_intel do
      url "https://github.com/confo-sync/confo-sync/releases/download/v@VERSION@/confo-sync_@VERSION@_linux_amd64.tar.gz"
      sha256 "@SHA256_linux_amd64@"
    end
  end

  def install
    bin.install "confo-sync"
    man1.install Dir["man/*"]
    bash_completion.install "completion/bash" => "confo-sync"
    zsh_completion.install "completion/zsh" => "_confo-sync"
    fish_completion.install "completion/fish" => "confo-sync.fish"
  end

  test do
    assert_match version.to_s, shell_output("#{bin}/confo-sync version")
  end
end
