# Sign in as an Exchange administrator, unless this window is signed in.
if (-not (Get-ConnectionInformation -ErrorAction SilentlyContinue)) {
    Connect-ExchangeOnline -ShowBanner:$false -ExchangeEnvironmentName $Environment
}
# Stop if this is another organization than the one that was meant.
if ((Get-AcceptedDomain).DomainName -notcontains $Domain) {
    throw ('{0} is not an accepted domain of the organization that you are signed in to.' -f $Domain)
}
