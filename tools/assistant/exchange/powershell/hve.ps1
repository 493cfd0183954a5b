# Make the High Volume Email account, if nobody has this address. It sends to recipients of your own organization only.
if (-not (Get-MailUser -Identity $HveAccount -ErrorAction SilentlyContinue)) {
    $Password = Read-Host -AsSecureString -Prompt ('A password for {0}' -f $HveAccount)
    New-MailUser -HVEAccount -Name $Name -Password $Password -PrimarySmtpAddress $HveAccount | Out-Null
}
# Let the app sign in for the account.
# The object ID is that of the enterprise application: Entra admin center > Enterprise applications > the app > Overview.
if (-not $ObjectId) {
    $ObjectId = Read-Host -Prompt 'Object ID of the enterprise application'
}
if ((Get-HVEAccountSettings -Identity $HveAccount).AllowedApps -notcontains $ObjectId) {
    Add-HVEAppAccess -Identity $HveAccount -AppIds $ObjectId
}
# Without a billing policy the account cannot send. This lists those that there are; assign one of them with
# Set-HVEAccountBillingPolicy, or in the Exchange admin center > Mail flow > High Volume Email.
Get-BillingPolicy -ResourceType HVE
