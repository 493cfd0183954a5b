# Make the app known to Exchange. The object ID is that of the enterprise application; the app registration has another
# one, with which every sign-in fails: Entra admin center > Enterprise applications > the app > Overview > Object ID.
$App = Get-ServicePrincipal | Where-Object { $_.AppId -eq $ClientId }
if (-not $App) {
    if (-not $ObjectId) {
        $ObjectId = Read-Host -Prompt 'Object ID of the enterprise application'
    }
    $App = New-ServicePrincipal -AppId $ClientId -ObjectId $ObjectId -DisplayName $AppName
}
